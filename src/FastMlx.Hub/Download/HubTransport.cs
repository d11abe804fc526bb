using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;

namespace FastMlx.Hub;

/// <summary>
/// Sends requests by the rules: redirects one at a time and at most three, each target checked, the token for the
/// endpoint's own host only, no compression, and connections to addresses that were checked. Failures are
/// <see cref="HubException"/> (final) or <see cref="TransientException"/>. Any thread.
/// </summary>
internal sealed class HubTransport : IDisposable
{
    public const int RedirectsMax = 3;
    private readonly HubOptions _options;
    private readonly DownloadSettings _settings;
    private readonly HttpMessageInvoker _client;

    public HubTransport(HubOptions options, DownloadSettings settings)
    {
        _options = options;
        _settings = settings;
        _client = new HttpMessageInvoker(settings.Handler ?? CreateHandler(), disposeHandler: settings.Handler is null);
    }

    public Uri Endpoint => _options.Endpoint;

    /// <summary>One request, no redirect followed. The caller disposes the answer.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, Uri target, RangeHeaderValue? range,
        CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, target);
        request.Headers.TryAddWithoutValidation("User-Agent", "fastmlx");
        request.Headers.TryAddWithoutValidation("Accept-Encoding", "identity");
        request.Headers.Range = range;
        if (_options.Token is not null && AddressPolicy.IsSameOrigin(Endpoint, target))
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _options.Token);
        using var stall = new StallGuard(_settings, cancellationToken);
        try
        {
            HttpResponseMessage response = await _client.SendAsync(request, stall.Token);
            if (response.Content.Headers.ContentEncoding.All(e => e == "identity"))
                return response;
            response.Dispose();
            throw new HubException(HubProblem.Protocol,
                $"{target.Host} sent compressed data although none was asked for. Nothing of it was kept.");
        }
        catch (Exception e) when (Translate(e, target, stall) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>Sends and follows. The answer is no redirect.</summary>
    public async Task<HttpResponseMessage> FollowAsync(HttpMethod method, Uri target, RangeHeaderValue? range,
        CancellationToken cancellationToken)
    {
        for (int hop = 0; ; hop++)
        {
            HttpResponseMessage response = await SendAsync(method, target, range, cancellationToken);
            if (!IsRedirect(response))
                return response;
            using (response)
                target = RedirectTarget(response, target, hop);
        }
    }

    public static bool IsRedirect(HttpResponseMessage response) =>
        (int)response.StatusCode is 301 or 302 or 303 or 307 or 308;

    /// <summary>Where an answer sends us, checked; throws where we must not go.</summary>
    public Uri RedirectTarget(HttpResponseMessage response, Uri from, int hop)
    {
        if (hop >= RedirectsMax)
            throw new HubException(HubProblem.Hostile, $"{Endpoint.Host} redirects more than {RedirectsMax} times.");
        if (response.Headers.Location is not { } location)
            throw new HubException(HubProblem.Protocol, $"{from.Host} redirects without saying where to.");
        Uri target = location.IsAbsoluteUri ? location : new Uri(from, location);
        if (AddressPolicy.Refuse(Endpoint, target) is { } reason)
            throw new HubException(HubProblem.Hostile,
                $"{from.Host} redirects to {target.Scheme}://{target.Host}, which {reason}. "
                + "Nothing was fetched from there.");
        return target;
    }

    /// <summary>Null for what is not the network's fault (a cancellation by the caller, our own errors).</summary>
    public static Exception? Translate(Exception e, Uri target, StallGuard stall)
    {
        if (e is HubException or TransientException)
            return null;
        if (e is OperationCanceledException)
            return stall.HasFired ? new TransientException($"{target.Host} stopped sending.", e) : null;
        for (Exception? cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is HubException hub)
                return new HubException(hub.Kind, hub.Message, e);
            if (cause is System.Security.Authentication.AuthenticationException)
                return new HubException(HubProblem.Network,
                    $"The identity of {target.Host} could not be checked: {cause.Message}", e);
        }
        return e is HttpRequestException or IOException or SocketException
            ? new TransientException($"{target.Host}: {e.Message}", e) : null;
    }

    public void Dispose() => _client.Dispose();

    private SocketsHttpHandler CreateHandler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseProxy = !AddressPolicy.IsLocal(Endpoint),
        ConnectTimeout = TimeSpan.FromSeconds(20),
        PooledConnectionLifetime = TimeSpan.FromMinutes(10),
        MaxResponseHeadersLength = 64,
        SslOptions = new SslClientAuthenticationOptions(),
        ConnectCallback = ConnectAsync,
    };

    // The address that was checked is the address that is used: a name cannot change its mind in between.
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context,
        CancellationToken cancellationToken)
    {
        string host = context.DnsEndPoint.Host;
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
        bool isProxy = IsProxy(context.InitialRequestMessage.RequestUri, context.DnsEndPoint);
        IPAddress[] allowed = isProxy
            ? addresses : [.. addresses.Where(a => AddressPolicy.MayConnect(Endpoint, host, a))];
        if (allowed.Length == 0)
            throw new HubException(HubProblem.Hostile,
                $"{host} is an address of a private network. Nothing was fetched from there.");
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // A proxy is the operator's choice, and it often has a private address.
    private static bool IsProxy(Uri? target, DnsEndPoint peer) =>
        target is not null && !HttpClient.DefaultProxy.IsBypassed(target)
        && HttpClient.DefaultProxy.GetProxy(target) is { } proxy
        && proxy.Port == peer.Port && string.Equals(proxy.IdnHost, peer.Host, StringComparison.OrdinalIgnoreCase);
}
