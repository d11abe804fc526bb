using FastMlx.Api;
using FastMlx.Composition.Batches;
using FastMlx.Composition.Models;
using FastMlx.Configuration;
using Microsoft.Extensions.Logging;

namespace FastMlx.Composition;

/// <summary>What the endpoints share. Immutable but for counters; any thread.</summary>
internal sealed class Server(ServerOptions options, ModelSet models, TimeProvider time, ILogger log)
    : IAsyncDisposable
{
    private readonly UnknownFields _unknown = new(name => ServerLog.UnknownField(log, name));
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private readonly Lazy<BatchService> _batches = new(() => new BatchService(options.HomeDirectory, time, log));
    private ReaderOptions? _reader;

    public ServerOptions Options { get; } = options;

    public ModelSet Models { get; } = models;

    public TimeProvider Time { get; } = time;

    public ILogger Log { get; } = log;

    public IdSource Ids { get; } = IdSource.FromSystem();

    /// <summary>Loaded, and what was left unfinished begun, at the first use: see <see cref="StartBatches"/>.</summary>
    public BatchService Batches
    {
        get
        {
            BatchService batches = _batches.Value;
            batches.Start(this);
            return batches;
        }
    }

    public ResponseStore Responses { get; } = new();

    public Activity Activity { get; } = new(time);

    public ReaderOptions Reader => _reader ??= new ReaderOptions { Strict = Options.Strict, Unknown = _unknown };

    public TimeSpan Uptime => Time.GetUtcNow() - _started;

    public IReadOnlyDictionary<string, long> UnknownFieldCounts => _unknown.Counts;

    public Task<IReadOnlyList<ModelEntry>> EntriesAsync() => Models.EntriesAsync(_started);

    public void Finished(string requestId, AnswerJob job, AnswerOutcome outcome, bool isAborted)
    {
        if (isAborted && outcome is { Error: not null, Failure: null })
            Activity.RecordCancelled(requestId, job);
        else
            Activity.Record(requestId, job.Model.Name, outcome);
        if (outcome.Error is not null && !isAborted)
            ServerLog.AnswerFailed(Log, requestId, outcome.Failure ?? outcome.Error.Message);
        if (Options.Verbose && Log.IsEnabled(LogLevel.Information))
            ServerLog.Answered(Log, RequestReport.Line(requestId, job, outcome));
    }

    /// <summary>Goes on with the batches that the last run left; without any, nothing is touched.</summary>
    public void StartBatches()
    {
        if (BatchService.HasAny(Options.HomeDirectory))
            _ = Batches;
    }

    /// <summary>Running batches stop here; the next start goes on with them.</summary>
    public ValueTask DisposeAsync() =>
        _batches.IsValueCreated ? _batches.Value.DisposeAsync() : ValueTask.CompletedTask;
}
