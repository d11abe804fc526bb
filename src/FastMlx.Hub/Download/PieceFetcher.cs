using System.Net;
using System.Net.Http.Headers;

namespace FastMlx.Hub;

/// <summary>Fills pieces from the network, going on after a cut where the cut was.</summary>
internal sealed class PieceFetcher(FileRequests requests, DownloadSettings settings, PullMeter meter)
{
    public async Task FillAsync(RemoteFile file, Piece piece, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(settings, requests.Endpoint);
        while (piece.Filled < piece.Length)
        {
            int before = piece.Filled;
            try
            {
                await TryFillAsync(file, piece, cancellationToken);
            }
            catch (TransientException e)
            {
                if (piece.Filled > before)
                    backoff.Reset();
                await backoff.WaitAsync(e, settings.AttemptsMax, cancellationToken);
            }
        }
    }

    private async Task TryFillAsync(RemoteFile file, Piece piece, CancellationToken cancellationToken)
    {
        long from = piece.Begin + piece.Filled;
        long last = piece.Begin + piece.Length - 1;
        bool whole = from == 0 && last == file.Size - 1;
        RangeHeaderValue? range = whole ? null : new RangeHeaderValue(from, last);
        using HttpResponseMessage response = await requests.OpenAsync(file, range, cancellationToken);
        CheckRange(response, file, whole, from, last);
        await CopyAsync(response, file, piece, cancellationToken);
    }

    private void CheckRange(HttpResponseMessage response, RemoteFile file, bool whole, long from, long last)
    {
        HttpContentHeaders headers = response.Content.Headers;
        if (response.StatusCode == HttpStatusCode.PartialContent)
        {
            ContentRangeHeaderValue? range = headers.ContentRange;
            if (range?.From != from || range.To != last || (range.HasLength && range.Length != file.Size))
                throw requests.WrongSize(file);
            return;
        }
        if (!whole)
            throw new RangesNotSupportedException();
        if (headers.ContentLength is { } length && length != file.Size)
            throw requests.WrongSize(file);
    }

    private async Task CopyAsync(HttpResponseMessage response, RemoteFile file, Piece piece,
        CancellationToken cancellationToken)
    {
        using var stall = new StallGuard(settings, cancellationToken);
        try
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(stall.Token);
            while (piece.Filled < piece.Length)
            {
                int count = await body.ReadAsync(piece.Free, stall.Token);
                if (count == 0)
                    throw new TransientException($"{file.Location.Host} ended {file.Name} too early.");
                stall.Progress();
                piece.Advance(count);
                meter.AddReceived(count, file.Name);
            }
        }
        catch (Exception e) when (HubTransport.Translate(e, file.Location, stall) is { } translated)
        {
            throw translated;
        }
    }
}
