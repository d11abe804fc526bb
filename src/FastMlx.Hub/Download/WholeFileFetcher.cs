namespace FastMlx.Hub;

/// <summary>
/// For servers without ranges: one connection, from the first byte, and again from there after a cut.
/// </summary>
internal sealed class WholeFileFetcher(FileRequests requests, DownloadSettings settings, PullMeter meter)
{
    public async Task FillAsync(RemoteFile file, BlobFile blob, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(settings, requests.Endpoint);
        while (true)
        {
            meter.AddPresent(-blob.Length);
            blob.Restart();
            try
            {
                await TryFillAsync(file, blob, cancellationToken);
                return;
            }
            catch (TransientException e)
            {
                await backoff.WaitAsync(e, settings.AttemptsMax, cancellationToken);
            }
        }
    }

    private async Task TryFillAsync(RemoteFile file, BlobFile blob, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await requests.OpenAsync(file, range: null, cancellationToken);
        if (response.Content.Headers.ContentLength is { } length && length != file.Size)
            throw requests.WrongSize(file);
        var buffer = new byte[256 * 1024];
        using var stall = new StallGuard(settings, cancellationToken);
        try
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(stall.Token);
            for (int count; (count = await body.ReadAsync(buffer, stall.Token)) > 0;)
            {
                if (blob.Length + count > file.Size)
                    throw requests.WrongSize(file);
                stall.Progress();
                await blob.AppendAsync(buffer.AsMemory(0, count));
                meter.AddReceived(count, file.Name);
            }
        }
        catch (Exception e) when (HubTransport.Translate(e, file.Location, stall) is { } translated)
        {
            throw translated;
        }
        if (blob.Length != file.Size)
            throw new TransientException($"{file.Location.Host} ended {file.Name} too early.");
    }
}
