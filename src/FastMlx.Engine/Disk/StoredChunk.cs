namespace FastMlx.Engine.Disk;

/// <summary>A chunk that the disk has, or will have when its write is done. Engine thread.</summary>
internal sealed class StoredChunk(string name, StoredChunk? parent, ChunkHeader header)
{
    private bool _isGone;

    public string Name { get; } = name;

    public StoredChunk? Parent { get; } = parent;

    /// <summary>The chunk of the chain that is still there and ends at or before a length; null for none.</summary>
    public StoredChunk? UpTo(int length)
    {
        var chunk = this;
        while (chunk is not null && (chunk.IsGone || chunk.End > length))
        {
            chunk = chunk.Parent;
        }

        return chunk;
    }

    /// <summary>Names and tokens; another model's chunk keeps no tokens.</summary>
    public ChunkHeader Header { get; } = header;

    public int First => Header.First;

    public int End { get; } = header.First + header.Tokens.Length;

    public long FileBytes { get; } = header.Bytes + header.PayloadBytes;

    /// <summary>Chunks in the index that continue it.</summary>
    public List<StoredChunk> Children { get; } = [];

    /// <summary>On disk; before that it is only promised.</summary>
    public bool IsReady { get; set; }

    /// <summary>Restores that are reading it.</summary>
    public int Readers { get; set; }

    public long LastUsed { get; set; }

    /// <summary>Evicted, damaged, or never written; or one it builds on is.</summary>
    public bool IsGone
    {
        get => _isGone || (Parent?.IsGone ?? false);
        set => _isGone = value;
    }
}
