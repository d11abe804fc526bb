using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using FastMlx.Api;
using Microsoft.Extensions.Logging;

namespace FastMlx.Composition.Batches;

/// <summary>
/// All batches of this server, in its home folder: they survive a restart, and so does the place where each stands.
/// One worker runs them, the oldest first. Any thread.
/// </summary>
internal sealed class BatchService : IAsyncDisposable
{
    /// <summary>Batches at once; ended ones make room for new ones.</summary>
    private const int CountMax = 1000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);
    private static readonly TimeSpan ResultsLifetime = TimeSpan.FromDays(29);

    private readonly string _root;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, Batch> _batches = new();
    private readonly Channel<Batch> _queue = Channel.CreateUnbounded<Batch>();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private Task? _worker;

    public BatchService(string homeDirectory, TimeProvider time, ILogger log)
    {
        _root = RootOf(homeDirectory);
        _time = time;
        _log = log;
        Load();
    }

    /// <summary>There are batches on disk.</summary>
    public static bool HasAny(string homeDirectory) => Directory.Exists(RootOf(homeDirectory));

    /// <summary>Begins to work; calls after the first do nothing.</summary>
    public void Start(Server server)
    {
        lock (_lock)
            _worker ??= Task.Run(() => WorkAsync(new BatchRunner(server)));
    }

    /// <summary>The newest first.</summary>
    public IReadOnlyList<BatchInfo> List() =>
        [.. _batches.Values.Select(b => b.Info).OrderByDescending(i => i.CreatedAt).ThenBy(i => i.Id)];

    public Batch? Find(string id) => _batches.GetValueOrDefault(id);

    /// <summary>Stores a batch and queues it; null where there are too many that have not ended.</summary>
    /// <exception cref="IOException">It cannot be stored.</exception>
    public BatchInfo? Add(string id, IReadOnlyList<BatchRequest> requests)
    {
        DateTimeOffset now = _time.GetUtcNow();
        lock (_lock)
        {
            if (_batches.Count >= CountMax && !DropOldest())
                return null;
            BatchFile.CreateFolder(_root);
            var info = new BatchInfo
            {
                Id = id,
                Status = BatchStatus.InProgress,
                CreatedAt = now,
                ExpiresAt = now + Lifetime,
                RequestCount = requests.Count,
            };
            var batch = new Batch(BatchFolder.Create(_root, info, requests), info);
            _batches[id] = batch;
            _queue.Writer.TryWrite(batch);
            return info;
        }
    }

    /// <summary>Deletes a batch that has ended.</summary>
    public void Remove(Batch batch)
    {
        if (!_batches.TryRemove(batch.Info.Id, out _))
            return;
        batch.Folder.Delete();
        batch.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        if (_worker is not null)
            await _worker;
        _stopping.Dispose();
        foreach (Batch batch in _batches.Values)
            batch.Dispose();
    }

    private static string RootOf(string homeDirectory) => Path.Combine(homeDirectory, "batches");

    private void Load()
    {
        if (!Directory.Exists(_root))
            return;
        var found = new List<Batch>();
        foreach (string path in Directory.GetDirectories(_root))
        {
            if (TryLoad(new BatchFolder(path)) is { } batch)
                found.Add(batch);
        }

        foreach (Batch batch in found.OrderBy(b => b.Info.CreatedAt))
        {
            _batches[batch.Info.Id] = batch;
            if (batch.Info.Status != BatchStatus.Ended)
                _queue.Writer.TryWrite(batch);
        }
    }

    // What a crash left half-made, and results that are past their time, go away; nothing else does.
    private Batch? TryLoad(BatchFolder folder)
    {
        try
        {
            bool isWhole = !folder.Path.EndsWith(".new", StringComparison.Ordinal);
            BatchInfo? info = isWhole ? folder.Load() : null;
            if (info is not null && (info.EndedAt is not { } ended || _time.GetUtcNow() - ended < ResultsLifetime))
                return new Batch(folder, info);
            folder.Delete();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            ServerLog.Warn(_log, $"The batch in {folder.Path} cannot be read and is left alone: {e.Message}");
        }

        return null;
    }

    private bool DropOldest()
    {
        Batch? oldest = _batches.Values
            .Where(b => b.Info.Status == BatchStatus.Ended).MinBy(b => b.Info.EndedAt);
        if (oldest is not null)
            Remove(oldest);
        return oldest is not null;
    }

    private async Task WorkAsync(BatchRunner runner)
    {
        try
        {
            await foreach (Batch batch in _queue.Reader.ReadAllAsync(_stopping.Token))
                await RunAsync(runner, batch);
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The next start goes on.
        }
    }

    private async Task RunAsync(BatchRunner runner, Batch batch)
    {
        try
        {
            await runner.RunAsync(batch, _stopping.Token);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // A full disk must end neither the worker nor the server; the next start tries again.
            ServerLog.Warn(_log, $"Batch {batch.Info.Id} stopped: {e.Message}");
        }
    }
}
