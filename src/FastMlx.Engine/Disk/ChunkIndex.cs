namespace FastMlx.Engine.Disk;

/// <summary>
/// What the disk holds, in memory: finds the chain of chunks for a prompt, and names the least recently used ones
/// that nothing builds on. Pure; engine thread.
/// </summary>
internal sealed class ChunkIndex
{
    private readonly Dictionary<string, StoredChunk> _chunks = [];
    private readonly List<StoredChunk> _roots = [];
    private readonly Stack<StoredChunk> _open = []; // Scratch of one walk.
    private long _uses;

    public long Bytes { get; private set; }

    public int Count => _chunks.Count;

    public IEnumerable<StoredChunk> All => _chunks.Values;

    public StoredChunk? this[string name] => _chunks.GetValueOrDefault(name);

    public static string Name(ReadOnlySpan<byte> key) => Convert.ToHexStringLower(key) + ".kv";

    public void Add(StoredChunk chunk)
    {
        _chunks.Add(chunk.Name, chunk);
        Bytes += chunk.FileBytes;
        chunk.LastUsed = ++_uses;
        Siblings(chunk.Parent).Add(chunk);
    }

    /// <summary>The chunks that continue <paramref name="parent"/>, or those that begin a timeline.</summary>
    public List<StoredChunk> Siblings(StoredChunk? parent) => parent?.Children ?? _roots;

    public void Remove(StoredChunk chunk)
    {
        if (!_chunks.Remove(chunk.Name))
        {
            return;
        }

        chunk.IsGone = true;
        Bytes -= chunk.FileBytes;
        Siblings(chunk.Parent).Remove(chunk);
    }

    /// <summary>A chunk and all that build on it, those first.</summary>
    public static List<StoredChunk> WithDescendants(StoredChunk chunk)
    {
        List<StoredChunk> all = [chunk];
        for (var i = 0; i < all.Count; i++)
        {
            all.AddRange(all[i].Children);
        }

        all.Reverse();
        return all;
    }

    public void Touch(StoredChunk chunk)
    {
        for (var above = chunk; above is not null; above = above.Parent)
        {
            above.LastUsed = ++_uses;
        }
    }

    /// <summary>The last chunk of the chain that serves most of the prompt, and how much of it.</summary>
    public StoredChunk? Find(
        ReadOnlySpan<byte> fingerprint,
        ulong partition,
        ReadOnlySpan<int> tokens,
        int limit,
        bool canTrim,
        out int length)
    {
        length = 0;
        var best = default(StoredChunk);
        PushAll(_roots);
        while (_open.TryPop(out var chunk))
        {
            var isOurs = chunk.IsReady && chunk.First < limit && chunk.Header.Partition == partition
                && chunk.Header.Fingerprint.AsSpan().SequenceEqual(fingerprint);
            if (!isOurs)
            {
                continue;
            }

            // Everything before the chunk agrees, or the walk would not be here.
            var shared = tokens[chunk.First..].CommonPrefixLength(chunk.Header.Tokens);
            if (shared == chunk.Header.Tokens.Length)
            {
                PushAll(chunk.Children);
            }

            var served = Math.Min(limit, chunk.First + shared);
            var isUsable = canTrim || (served == chunk.End && chunk.Header.Kind != ChunkKind.Rows);
            if (isUsable && served > Math.Max(length, chunk.First))
            {
                length = served;
                best = chunk;
            }
        }

        return best;
    }

    /// <summary>The least recently used chunk that may go: nothing builds on it and nobody reads it.</summary>
    public StoredChunk? Oldest()
    {
        var oldest = default(StoredChunk);
        foreach (var chunk in _chunks.Values)
        {
            var isFree = chunk.IsReady && chunk.Children.Count == 0 && chunk.Readers == 0;
            if (isFree && (oldest is null || chunk.LastUsed < oldest.LastUsed))
            {
                oldest = chunk;
            }
        }

        return oldest;
    }

    private void PushAll(List<StoredChunk> chunks)
    {
        foreach (var chunk in chunks)
        {
            _open.Push(chunk);
        }
    }
}
