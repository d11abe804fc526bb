using System.Globalization;
using System.Net.Http.Headers;

namespace FastMlx.Hub;

/// <summary>Asks the hub (HEAD resolve) for a file's hash, size and present location.</summary>
internal sealed class FileLocator(HubTransport transport, ModelName name, string commit)
{
    private const long SizeMax = 1L << 42;

    public async Task<RemoteFile> LocateAsync(string file, string? listedSha256, CancellationToken cancellationToken)
    {
        var origin = new Uri($"{transport.Endpoint.AbsoluteUri.TrimEnd('/')}/{name}/resolve/{commit}/{file}");
        Uri target = origin;
        string? hash = null;
        long? size = null;
        for (int hop = 0; ; hop++)
        {
            using HttpResponseMessage response =
                await transport.SendAsync(HttpMethod.Head, target, range: null, cancellationToken);
            CheckCommit(response, file);
            hash ??= Header(response, "X-Linked-ETag");
            if (long.TryParse(Header(response, "X-Linked-Size"), NumberStyles.None, CultureInfo.InvariantCulture,
                    out long linked))
                size ??= linked;
            if (HubTransport.IsRedirect(response))
            {
                target = transport.RedirectTarget(response, target, hop);
                if (hash is null || size is null)
                    continue;
                return Checked(file, hash, size.Value, listedSha256, origin, target);
            }
            HubStatus.Check(response, name, file);
            hash ??= Header(response, "ETag");
            size ??= response.Content.Headers.ContentLength;
            return Checked(file, hash, size ?? -1, listedSha256, origin, target);
        }
    }

    /// <summary>A location that expired is asked for again; hash and size must not have changed.</summary>
    public async Task RenewAsync(RemoteFile file, CancellationToken cancellationToken)
    {
        RemoteFile now = await LocateAsync(file.Name, null, cancellationToken);
        if (now.Hash != file.Hash || now.Size != file.Size)
            throw Protocol($"the hub changed {file.Name} during the download");
        file.Location = now.Location;
    }

    private RemoteFile Checked(string file, string? etag, long size, string? listedSha256, Uri origin, Uri location)
    {
        string hash = Unquote(etag ?? "");
        if (!BlobHash.IsSha256(hash) && !BlobHash.IsGitSha1(hash))
            throw Protocol($"the hub gives no checksum for {file}");
        if (size is < 0 or > SizeMax)
            throw Protocol($"the hub gives no possible size for {file}");
        if (listedSha256 is not null && listedSha256 != hash)
            throw Protocol($"the hub gives two different checksums for {file}");
        return new RemoteFile(file, hash, size, origin, location);
    }

    private void CheckCommit(HttpResponseMessage response, string file)
    {
        if (Header(response, "X-Repo-Commit") is { } actual && actual != commit)
            throw Protocol($"the hub answers with another commit for {file}");
    }

    private HubException Protocol(string what) => new(HubProblem.Protocol,
        $"{name}: {what}. Try again; if it stays so, {transport.Endpoint.Host} is not a hub that can be used.");

    private static string? Header(HttpResponseMessage response, string header) =>
        response.Headers.TryGetValues(header, out IEnumerable<string>? values) ? values.FirstOrDefault() : null;

    private static string Unquote(string etag) =>
        (etag.StartsWith("W/", StringComparison.Ordinal) ? etag[2..] : etag).Trim('"');
}
