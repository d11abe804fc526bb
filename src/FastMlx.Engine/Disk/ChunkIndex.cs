namespace FastMlx.Engine.Disk;

/// <summary>
/// What the disk holds, in memory: finds the chain of chunks for a prompt, and names the least recently used ones
/// that nothing builds on. Pure; engine thread.
/// </summary>
internal sealed class ChunkIndex
{
    private readonly Dictionary<string, StoredChunk> _chunks = [];
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
        if (chunk.Parent is { } parent)
        {
            parent.Children++;
        }
    }

    public void Remove(StoredChunk chunk)
    {
        if (!_chunks.Remove(chunk.Name))
        {
            return;
        }

        chunk.IsGone = true;
        Bytes -= chunk.FileBytes;
        if (chunk.Parent is { } parent)
        {
            parent.Children--;
        }
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
        foreach (var chunk in _chunks.Values)
        {
            if (!chunk.IsReady || chunk.First >= limit || chunk.IsGone || chunk.Header.Partition != partition
                || !chunk.Header.Fingerprint.AsSpan().SequenceEqual(fingerprint))
            {
                continue;
            }

            var served = Math.Min(limit, Served(chunk, tokens));
            var isUsable = canTrim || served == chunk.End;
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
            var isFree = chunk.IsReady && chunk.Children == 0 && chunk.Readers == 0;
            if (isFree && (oldest is null || chunk.LastUsed < oldest.LastUsed))
            {
                oldest = chunk;
            }
        }

        return oldest;
    }

    // First + common tokens where the whole chain before the chunk agrees; else 0.
    private static int Served(StoredChunk chunk, ReadOnlySpan<int> tokens)
    {
        for (var above = chunk.Parent; above is not null; above = above.Parent)
        {
            if (above.End > tokens.Length || !tokens[above.First..above.End].SequenceEqual(above.Header.Tokens))
            {
                return 0;
            }
        }

        return chunk.First >= tokens.Length
            ? 0
            : chunk.First + tokens[chunk.First..].CommonPrefixLength(chunk.Header.Tokens);
    }
}
