using System.Collections.Concurrent;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>Which requests run and how the last ones ended, for /stats and the status page. Any thread.</summary>
internal sealed class Activity(TimeProvider time)
{
    private const int RecentMost = 50;

    private readonly ConcurrentDictionary<Generation, RunningRequest> _running = new();
    private readonly ConcurrentQueue<FinishedRequest> _recent = new();

    public IEnumerable<RunningRequest> Running => _running.Values;

    public IEnumerable<FinishedRequest> Recent => _recent.Reverse();

    public void Add(AnswerJob job, string requestId) =>
        _running[job.Generation] = new RunningRequest(requestId, job.Model.Name, job.Generation);

    public void Remove(AnswerJob job) => _running.TryRemove(job.Generation, out _);

    public void Record(string requestId, string model, AnswerOutcome outcome) =>
        Record(requestId, model, outcome.Stats, outcome.Error?.Type ?? outcome.Reason?.ToString() ?? "");

    /// <summary>Nobody took the rest of the answer: the client is gone, or the connection broke.</summary>
    public void RecordCancelled(string requestId, AnswerJob job) =>
        Record(requestId, job.Model.Name, job.Generation.Stats, "Cancelled");

    private void Record(string requestId, string model, in GenerationStats stats, string end)
    {
        _recent.Enqueue(new FinishedRequest(requestId, model, time.GetUtcNow(), stats, end));
        while (_recent.Count > RecentMost)
            _recent.TryDequeue(out _);
    }
}

/// <summary>A request that is being answered.</summary>
internal sealed record RunningRequest(string RequestId, string Model, Generation Generation);

/// <summary>What is kept of an ended request: numbers, never text.</summary>
internal sealed record FinishedRequest(
    string RequestId, string Model, DateTimeOffset Ended, GenerationStats Stats, string End);
