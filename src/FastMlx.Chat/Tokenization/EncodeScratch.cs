namespace FastMlx.Chat.Tokenization;

/// <summary>
/// What one running encode needs: buffers and the piece cache. Rented from <see cref="ScratchPool"/> by one thread at a
/// time; nothing in it outlives the call but the cache.
/// </summary>
internal sealed class EncodeScratch
{
    public ByteBuffer Raw { get; } = new();

    public ByteBuffer NormalFront { get; } = new();

    public ByteBuffer NormalBack { get; } = new();

    public PieceList Pieces { get; } = new();

    public IntBuffer Ids { get; } = new();

    /// <summary>A model's own list of one piece's ids.</summary>
    public IntBuffer PieceIds { get; } = new();

    public BestPath Path { get; } = new();

    public List<TokenMatch> RawMatches { get; } = [];

    public List<TokenMatch> NormalMatches { get; } = [];

    public PieceCache Cache { get; } = new();

    public MergeWork Merges { get; } = new();

    public RegexMemo Memo { get; } = new();

    public List<long> Runes { get; } = [];
}
