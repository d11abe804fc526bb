using FastMlx.Engine.Rings;

namespace FastMlx.Engine.Disk;

/// <summary>The disk thread's half: takes orders, touches files, hands back results.</summary>
internal sealed class DiskWorker(ChunkFiles files, HandOverRing<DiskJob> orders, HandOverRing<DiskJob> results)
{
    public bool HasOrders => !orders.IsEmpty;

    /// <summary>Does the next job; false where there is none.</summary>
    public bool RunOne()
    {
        if (!orders.TryRead(out var job))
        {
            return false;
        }

        try
        {
            Run(job!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or OutOfMemoryException)
        {
            job!.Failure = e.Message;
        }

        if (job!.Kind == DiskJobKind.Write)
        {
            job.Payload = null;
        }

        if (!results.TryWrite(job))
        {
            throw new InvalidOperationException("More results than orders.");
        }

        return true;
    }

    private void Run(DiskJob job)
    {
        switch (job.Kind)
        {
            case DiskJobKind.Write:
                // Checksums are computed here, not on the engine thread.
                files.Write(job.Chunk.Name, job.Chunk.Header.WithChecksums(job.Payload!), job.Payload!);
                break;
            case DiskJobKind.Read:
                if (job.Restore!.HasEnded)
                {
                    job.Failure = "Nobody waits for it any more.";
                    break;
                }

                job.Payload = files.ReadPayload(job.Chunk.Name, job.Chunk.Header);
                job.IsDamaged = job.Payload is null;
                job.Failure = job.IsDamaged ? "It is damaged." : null;
                break;
            default:
                files.TryDelete(job.Chunk.Name);
                break;
        }
    }
}
