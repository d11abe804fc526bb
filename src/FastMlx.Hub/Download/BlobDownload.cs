namespace FastMlx.Hub;

/// <summary>
/// One file into its blob: pieces are fetched in parallel and written in order, so that what is on the disk is always
/// a true beginning and an interruption costs less than one chunk (the pieces in flight).
/// </summary>
internal sealed class BlobDownload(PieceFetcher pieceFetcher, WholeFileFetcher wholeFetcher,
    DownloadSettings settings, PullMeter meter)
{
    public async Task RunAsync(RemoteFile file, string path, CancellationToken cancellationToken)
    {
        using BlobFile blob = BlobFile.Open(file, path, settings);
        long resumed = await blob.ResumeAsync(cancellationToken);
        meter.AddPresent(resumed);
        await FetchAsync(file, blob, cancellationToken);
        if (blob.TryFinish())
            return;
        meter.AddPresent(-file.Size);
        if (resumed > 0)
        {
            // What an earlier run (perhaps of another program) left was not a beginning of this file.
            blob.Restart();
            await FetchAsync(file, blob, cancellationToken);
            if (blob.TryFinish())
                return;
        }
        blob.Discard();
        throw new HubException(HubProblem.WrongHash,
            $"{file.Name} does not have the checksum that the hub announced; it was thrown away. Try again; if it "
            + "happens twice, do not trust the endpoint or the network.");
    }

    private async Task FetchAsync(RemoteFile file, BlobFile blob, CancellationToken cancellationToken)
    {
        try
        {
            await FetchPiecesAsync(file, blob, cancellationToken);
        }
        catch (RangesNotSupportedException)
        {
            await wholeFetcher.FillAsync(file, blob, cancellationToken);
        }
    }

    private async Task FetchPiecesAsync(RemoteFile file, BlobFile blob, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pieces = new Queue<Piece>();
        long next = blob.Length;
        try
        {
            while (blob.Length < file.Size)
            {
                while (pieces.Count < settings.PiecesAtOnce && next < file.Size)
                {
                    var started = new Piece(next, (int)Math.Min(settings.PieceBytes, file.Size - next));
                    pieces.Enqueue(started);
                    started.Task = pieceFetcher.FillAsync(file, started, stop.Token);
                    next += started.Length;
                }
                Piece piece = pieces.Peek();
                await DrainAsync(piece, blob);
                pieces.Dequeue().Dispose();
            }
        }
        catch (Exception e)
        {
            await stop.CancelAsync();
            bool diskFailed = e is HubException { Kind: HubProblem.DiskFull or HubProblem.Disk };
            await KeepBeginningAsync(pieces, blob, keep: !diskFailed);
            throw;
        }
    }

    // The first piece is written as it arrives: a slow line that is cut often gets on, too.
    private static async Task DrainAsync(Piece piece, BlobFile blob)
    {
        while (piece.Taken < piece.Length)
        {
            await piece.WaitAsync();
            ReadOnlyMemory<byte> arrived = piece.Take();
            if (arrived.IsEmpty && piece.Task.IsCompleted)
                await piece.Task;
            else
                await blob.AppendAsync(arrived);
        }
        await piece.Task;
    }

    // Whatever continues the file without a gap is worth keeping for the next run.
    private static async Task KeepBeginningAsync(Queue<Piece> pieces, BlobFile blob, bool keep)
    {
        foreach (Piece piece in pieces)
        {
            await piece.Task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (keep)
                await blob.AppendAsync(piece.Take());
            keep = keep && piece.Filled == piece.Length;
            piece.Dispose();
        }
    }
}
