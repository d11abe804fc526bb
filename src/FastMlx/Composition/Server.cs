using FastMlx.Api;
using FastMlx.Configuration;
using FastMlx.Endpoints;
using FastMlx.Engine;
using Microsoft.Extensions.Logging;

namespace FastMlx.Composition;

/// <summary>What the endpoints share. Immutable but for counters; any thread.</summary>
internal sealed class Server(ServerOptions options, LoadedModel model, TimeProvider time, ILogger log)
{
    private readonly UnknownFields _unknown = new(name => ServerLog.UnknownField(log, name));
    private readonly DateTimeOffset _started = time.GetUtcNow();
    private ReaderOptions? _reader;

    public ServerOptions Options { get; } = options;

    public LoadedModel Default { get; } = model;

    public TimeProvider Time { get; } = time;

    public ILogger Log { get; } = log;

    public IdSource Ids { get; } = IdSource.FromSystem();

    public Activity Activity { get; } = new(time);

    public ReaderOptions Reader => _reader ??= new ReaderOptions { Strict = Options.Strict, Unknown = _unknown };

    public TimeSpan Uptime => Time.GetUtcNow() - _started;

    public IReadOnlyDictionary<string, long> UnknownFieldCounts => _unknown.Counts;

    /// <summary>Every name is answered: a client's model names are its own, and there is one model here.</summary>
    public LoadedModel ModelFor(string requested)
    {
        _ = requested;
        return Default;
    }

    /// <summary>
    /// The configured name first, then the model's own, then the alias that Claude Code's picker accepts.
    /// </summary>
    public IReadOnlyList<ModelEntry> Entries() =>
    [
        .. new[] { Options.ApiModelName, Default.Name, ModelEntry.AliasOf(Default.Name) }.Distinct().Select(Entry),
    ];

    public void Finished(Call call, AnswerJob job, AnswerOutcome outcome)
    {
        Activity.Record(call.RequestId, job.Generation, outcome);
        if (outcome.Error is not null && !call.Exchange.Aborted.IsCancellationRequested)
            ServerLog.AnswerFailed(Log, call.RequestId, job.Generation.Failure ?? outcome.Error.Message);
        if (Options.Verbose && Log.IsEnabled(LogLevel.Information))
            ServerLog.Answered(Log, RequestReport.Line(call.RequestId, job, outcome));
    }

    private ModelEntry Entry(string id) => new()
    {
        Id = id,
        DisplayName = Default.Name,
        CreatedAt = _started,
        ContextTokens = Default.Generator.ContextLength,
        OutputTokens = Default.Generator.ContextLength - 1,
        CanThink = Default.CanThink,
    };
}
