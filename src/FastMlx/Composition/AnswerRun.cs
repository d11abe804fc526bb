using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>Runs an admitted answer to its end, seen by /stats and told to the log.</summary>
internal static class AnswerRun
{
    public static async Task<AnswerOutcome> RunAsync(
        Server server,
        string requestId,
        AnswerJob job,
        IReply reply,
        AnswerMemory memory,
        RequestTrace? trace,
        CancellationToken aborted)
    {
        server.Activity.Add(job, requestId);
        bool isWhole = false;
        try
        {
            var pump = new AnswerPump(job, reply, memory);
            AnswerOutcome outcome = await pump.RunAsync(server.Time, aborted);
            server.Finished(requestId, job, outcome, aborted.IsCancellationRequested);
            isWhole = true;
            trace?.End(job, outcome, memory);
            return outcome;
        }
        finally
        {
            // Whatever ended the delivery, the engine must not go on for nobody.
            job.Generation.Cancel();
            if (!isWhole)
                server.Activity.RecordCancelled(requestId, job);
            server.Activity.Remove(job);
        }
    }
}
