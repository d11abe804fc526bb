namespace FastMlx.Engine.Disk;

/// <summary>A chain of chunks on its way from the disk into a slot, in order. Engine thread.</summary>
internal sealed class Restore(StoredChunk[] chain, int length)
{
    private readonly byte[]?[] _arrived = new byte[]?[chain.Length];

    public IReadOnlyList<StoredChunk> Chain => chain;

    /// <summary>Tokens of the prompt that the chain serves; its last chunk may go further.</summary>
    public int Length { get; } = length;

    /// <summary>Chunks ordered from the disk, and chunks handed out.</summary>
    public int Ordered { get; set; }

    public int Taken { get; private set; }

    public bool HasFailed { get; set; }

    /// <summary>Nobody waits for it any more; what still arrives is dropped.</summary>
    public bool HasEnded { get; set; }

    public bool IsDone => Taken == chain.Length;

    public StoredChunk Next => chain[Taken];

    public void Arrive(int place, byte[] payload) => _arrived[place] = payload;

    /// <summary>The next chunk's verified bytes; null while they have not arrived.</summary>
    public byte[]? Take()
    {
        var payload = _arrived[Taken];
        if (payload is not null)
        {
            _arrived[Taken++] = null;
        }

        return payload;
    }
}
