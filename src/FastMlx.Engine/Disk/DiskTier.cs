using System.Security.Cryptography;
using System.Text;
using FastMlx.Engine.Rings;
using Microsoft.Extensions.Logging;

namespace FastMlx.Engine.Disk;

/// <summary>
/// The prefix cache's second tier. The engine thread decides what is saved, restored and evicted, and owns the index;
/// a disk thread runs <see cref="Worker"/> and touches files only. A failing disk turns saving off, never the engine.
/// </summary>
internal sealed partial class DiskTier
{
    /// <summary>Chunks that wait to be written; each holds its bytes in memory.</summary>
    private const int WritesMax = 2;

    /// <summary>Files: each is opened at a start, and its head kept in memory.</summary>
    private const int ChunksMax = 16_384;

    /// <summary>Chunks read ahead of the slot they go into.</summary>
    private const int ReadsAhead = 2;

    private readonly ChunkIndex _index = new();
    private readonly byte[] _fingerprint;
    private readonly string _modelName;
    private readonly long _bytesMax;
    private readonly bool _canTrim;
    private readonly ILogger _log;
    private readonly HandOverRing<DiskJob> _orders = new(1024);
    private readonly HandOverRing<DiskJob> _results = new(1024);
    private long _serial;
    private int _writes;
    private int _outstanding;
    private bool _isOff;

    /// <summary>
    /// Reads the heads of all files, drops what is damaged, foreign or without its parent, and collects.
    /// </summary>
    /// <param name="saves">False where the files are another process's: nothing is written then.</param>
    public DiskTier(
        ICacheFiles files, string fingerprint, ModelInfo model, long bytesMax, ILogger log, bool saves = true)
    {
        var chunks = new ChunkFiles(files);
        Worker = new DiskWorker(chunks, _orders, _results);
        _bytesMax = bytesMax;
        _log = log;
        _modelName = model.ModelType;
        _canTrim = model.CanTrim;
        _fingerprint = SHA256.HashData(Encoding.UTF8.GetBytes(
            $"{fingerprint}\n{model.Backend}\n{model.ModelType}\n{model.VocabSize}\n{model.StateBytesPerToken}"));
        Load(chunks);
        _isOff |= !saves;
    }

    public long Bytes => _index.Bytes;

    public int Chunks => _index.Count;

    public long Saved { get; private set; }

    public long Restored { get; private set; }

    public long Dropped { get; private set; }

    public bool IsOff => _isOff;

    /// <summary>Most tokens of a chunk; their bytes have a limit of their own.</summary>
    public int ChunkTokensMax { get; init; } = 2048;

    private bool IsOver => _index.Bytes > _bytesMax || _index.Count > ChunksMax;

    /// <summary>Whether another chunk may be handed over now.</summary>
    public bool CanSave => !_isOff && _writes < WritesMax;

    public bool IsBusy => _outstanding > 0;

    public bool HasResults => !_results.IsEmpty;

    /// <summary>The half that a disk thread runs.</summary>
    public DiskWorker Worker { get; }

    /// <summary>Called for each order, to wake that thread.</summary>
    public Action Ordered { get; set; } = static () => { };

    /// <summary>The chunks that serve most of the prompt; null where none does.</summary>
    public Restore? Find(ulong partition, ReadOnlySpan<int> tokens, int limit, bool canTrim)
    {
        var last = _index.Find(_fingerprint, partition, tokens, limit, canTrim, out var length);
        if (last is null)
        {
            return null;
        }

        var chain = new List<StoredChunk>();
        for (var chunk = last; chunk is not null; chunk = chunk.Parent)
        {
            chain.Insert(0, chunk);
        }

        return new Restore([.. chain], length);
    }

    public void Begin(Restore restore)
    {
        foreach (var chunk in restore.Chain)
        {
            chunk.Readers++;
        }

        _index.Touch(restore.Chain[^1]);
        Order(restore);
    }

    /// <summary>The next chunk's bytes; null while they are on their way, or where the restore has failed.</summary>
    public byte[]? Take(Restore restore)
    {
        var payload = restore.Take();
        Order(restore);
        return payload;
    }

    public void End(Restore restore)
    {
        if (restore.HasEnded)
        {
            return;
        }

        restore.HasEnded = true;
        Restored += restore.Taken;
        foreach (var chunk in restore.Chain)
        {
            chunk.Readers--;
        }
    }

    /// <summary>A chunk's bytes were whole and yet not what the model wants: it goes.</summary>
    public void Refuse(StoredChunk chunk)
    {
        LogRefused(_log, chunk.Name);
        Drop(chunk);
    }

    /// <summary>
    /// A stored chunk that continues <paramref name="parent"/> with tokens of this timeline, or null.
    /// </summary>
    public StoredChunk? Continuation(StoredChunk? parent, ulong partition, ChunkKind kind, ReadOnlySpan<int> tokens)
    {
        var best = default(StoredChunk);
        var first = parent?.End ?? 0;
        foreach (var chunk in _index.Siblings(parent))
        {
            var isCandidate = chunk.Header.Partition == partition && chunk.Header.Kind == kind
                && chunk.End <= tokens.Length && chunk.End > (best?.End ?? 0)
                && (kind == ChunkKind.Rows || chunk.End == tokens.Length);
            if (isCandidate && chunk.Header.Fingerprint.AsSpan().SequenceEqual(_fingerprint)
                && tokens[first..chunk.End].SequenceEqual(chunk.Header.Tokens))
            {
                best = chunk;
            }
        }

        return best;
    }

    /// <summary>Hands a chunk over for writing; it can be found once it is on disk.</summary>
    public StoredChunk Save(
        StoredChunk? parent, ulong partition, ChunkKind kind, ReadOnlySpan<int> tokens, byte[] payload)
    {
        var header = new ChunkHeader
        {
            Fingerprint = _fingerprint,
            Partition = partition,
            Kind = kind,
            ParentKey = parent?.Header.Key() ?? new byte[ChunkHeader.KeyBytes],
            First = parent?.End ?? 0,
            Tokens = tokens.ToArray(),
            PayloadBytes = payload.Length,
            Checksums = [],
            ModelName = _modelName,
            Serial = ++_serial,
        };
        var chunk = new StoredChunk(ChunkIndex.Name(header.Key()), parent, header);
        _index.Add(chunk);
        _writes++;
        if (!Hand(new DiskJob(DiskJobKind.Write, chunk) { Payload = payload }))
        {
            _writes--;
            _index.Remove(chunk);
        }

        return chunk;
    }

    /// <summary>Takes in what the disk thread has done, and keeps the files under their budget.</summary>
    public void Poll()
    {
        while (_results.TryRead(out var job))
        {
            _outstanding--;
            Take(job!);
        }

        while (IsOver && _index.Oldest() is { } oldest)
        {
            Drop(oldest);
        }
    }

    private void Take(DiskJob job)
    {
        var chunk = job.Chunk;
        switch (job.Kind)
        {
            case DiskJobKind.Write:
                _writes--;
                TakeWritten(job);
                break;
            case DiskJobKind.Read when job.Payload is { } payload:
                job.Restore!.Arrive(job.Place, payload);
                break;
            case DiskJobKind.Read when !job.Restore!.HasEnded:
                job.Restore!.HasFailed = true;
                LogUnreadable(_log, chunk.Name, job.Failure!);
                if (job.IsDamaged)
                {
                    Drop(chunk);
                }

                break;
            default:
                break;
        }
    }

    private void TakeWritten(DiskJob job)
    {
        var chunk = job.Chunk;
        if (job.Failure is null)
        {
            Saved++;
            chunk.IsReady = true;
            if (chunk.IsGone)
            {
                Hand(new DiskJob(DiskJobKind.Delete, chunk)); // Given up while it was being written.
            }
            else if (chunk.Header.Kind == ChunkKind.Whole && _canTrim)
            {
                DropSuperseded(chunk);
            }

            return;
        }

        RemoveWithChildren(chunk);
        if (!_isOff)
        {
            _isOff = true;
            LogOff(_log, job.Failure);
        }
    }

    // A whole state that can be cut serves every prompt that a shorter one of the same tokens served.
    private void DropSuperseded(StoredChunk chunk)
    {
        foreach (var shorter in _index.All.ToList())
        {
            var isShorter = shorter != chunk && shorter.Header.Kind == ChunkKind.Whole && shorter.IsReady
                && shorter.Readers == 0 && shorter.End < chunk.End && shorter.Header.Partition == chunk.Header.Partition
                && shorter.Header.Fingerprint.AsSpan().SequenceEqual(_fingerprint);
            if (isShorter && chunk.Header.Tokens.AsSpan().StartsWith(shorter.Header.Tokens))
            {
                Drop(shorter);
            }
        }
    }

    // Removes a chunk and what builds on it, files included.
    private void Drop(StoredChunk chunk)
    {
        Dropped++;
        foreach (var gone in RemoveWithChildren(chunk))
        {
            Hand(new DiskJob(DiskJobKind.Delete, gone));
        }
    }

    private List<StoredChunk> RemoveWithChildren(StoredChunk chunk)
    {
        var gone = ChunkIndex.WithDescendants(chunk);
        foreach (var one in gone)
        {
            _index.Remove(one);
        }

        return gone;
    }

    private void Order(Restore restore)
    {
        while (restore.Ordered < restore.Chain.Count && restore.Ordered - restore.Taken < ReadsAhead)
        {
            var job = new DiskJob(DiskJobKind.Read, restore.Chain[restore.Ordered])
            {
                Restore = restore,
                Place = restore.Ordered,
            };
            if (!Hand(job))
            {
                restore.HasFailed = true;
                return;
            }

            restore.Ordered++;
        }
    }

    // At most the results' capacity is outstanding, so that the disk thread always finds room for a result.
    private bool Hand(DiskJob job)
    {
        if (_outstanding >= 1000 || !_orders.TryWrite(job))
        {
            return false;
        }

        _outstanding++;
        Ordered();
        return true;
    }

    private void Load(ChunkFiles files)
    {
        List<(string Name, ChunkHeader Header)> found;
        try
        {
            found = files.Scan(repair: true, out var dropped);
            Dropped = dropped;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _isOff = true;
            LogOff(_log, e.Message);
            return;
        }

        // Parents are older than their children: one pass in the order of age finds every parent.
        foreach (var (name, header) in found.OrderBy(one => one.Header.Serial))
        {
            _serial = Math.Max(_serial, header.Serial);
            var isRoot = header.ParentKey.AsSpan().IndexOfAnyExcept((byte)0) < 0;
            var parent = isRoot ? null : _index[ChunkIndex.Name(header.ParentKey)];
            if ((isRoot && header.First != 0) || (!isRoot && (parent is null || parent.End != header.First)))
            {
                Dropped++;
                files.TryDelete(name);
                continue;
            }

            _index.Add(new StoredChunk(name, parent, header) { IsReady = true });
        }

        while (IsOver && _index.Oldest() is { } oldest)
        {
            _index.Remove(oldest);
            files.TryDelete(oldest.Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Saving to the disk cache is off: {Reason}")]
    private static partial void LogOff(ILogger log, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "A cache file could not be used ({Name}): {Reason}")]
    private static partial void LogUnreadable(ILogger log, string name, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The model did not accept a cache file ({Name}).")]
    private static partial void LogRefused(ILogger log, string name);
}
