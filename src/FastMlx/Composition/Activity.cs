using System.Collections.Concurrent;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>Which requests run and how the last ones ended, for /stats and the status page. Any thread.</summary>
internal sealed class Activity(TimeProvider time)
{
    private const int RecentMost = 50;

    private readonly ConcurrentDictionary<Generation, string> _running = new();
    private readonly ConcurrentQueue<FinishedRequest> _recent = new();

    public IEnumerable<(string RequestId, Generation Generation)> Running => _running.Select(r => (r.Value, r.Key));

    public IEnumerable<FinishedRequest> Recent => _recent.Reverse();

    public void Add(Generation generation, string requestId) => _running[generation] = requestId;

    public void Remove(Generation generation) => _running.TryRemove(generation, out _);

    public void Record(string requestId, AnswerOutcome outcome)
    {
        string end = outcome.Error?.Type ?? outcome.Reason?.ToString() ?? "";
        _recent.Enqueue(new FinishedRequest(requestId, time.GetUtcNow(), outcome.Stats, end));
        while (_recent.Count > RecentMost)
            _recent.TryDequeue(out _);
    }
}

/// <summary>What is kept of an ended request: numbers, never text.</summary>
internal sealed record FinishedRequest(string RequestId, DateTimeOffset Ended, GenerationStats Stats, string End);
