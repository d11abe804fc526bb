using System.Net.Http.Headers;

namespace FastMlx.Hub;

/// <summary>Opens a file's bytes at its present location and renews a location that expired. Any thread.</summary>
internal sealed class FileRequests(HubTransport transport, FileLocator locator, ModelName name)
{
    public Uri Endpoint => transport.Endpoint;

    /// <summary>An answer with success; the caller disposes it.</summary>
    public async Task<HttpResponseMessage> OpenAsync(RemoteFile file, RangeHeaderValue? range,
        CancellationToken cancellationToken)
    {
        Uri location = file.Location;
        HttpResponseMessage response = await transport.FollowAsync(HttpMethod.Get, location, range, cancellationToken);
        try
        {
            if (location != file.Origin && (int)response.StatusCode is 400 or 401 or 403 or 404 or 410)
            {
                await locator.RenewAsync(file, cancellationToken);
                throw new TransientException($"{location.Host} refused an address that may have expired.");
            }
            HubStatus.Check(response, name, file.Name);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    public HubException WrongSize(RemoteFile file) => new(HubProblem.Protocol,
        $"{file.Location.Host} sends {file.Name} of {name} with another size than announced. Nothing of it was kept.");
}
