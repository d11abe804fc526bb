namespace FastMlx.Chat.Tokenization;

/// <summary>
/// The text between two added tokens and the pieces it is cut into so far. A pre-tokenizer replaces the pieces (through
/// <see cref="Spare"/>) or the text and the pieces (through <see cref="SpareText"/>). Pieces are never empty.
/// </summary>
internal sealed class PieceList
{
    private readonly ByteBuffer _textA = new();
    private readonly ByteBuffer _textB = new();
    private byte[] _text = [];

    public CutList Items { get; private set; } = new();

    public CutList Spare { get; private set; } = new();

    public ByteBuffer SpareText { get; private set; } = new();

    /// <summary>Where the text of the list begins in <see cref="Text"/>.</summary>
    public int Origin { get; private set; }

    /// <summary>The first piece, if it begins at <see cref="Origin"/>, begins where the user's text begins.</summary>
    public bool AtTextStart { get; set; }

    public ReadOnlySpan<byte> Text => _text;

    public void Reset(byte[] text, int start, int end, bool atTextStart)
    {
        _text = text;
        Origin = start;
        AtTextStart = atTextStart;
        Items.Clear();
        if (end > start)
            Items.Add(start, end);
        SpareText = _textA;
    }

    public bool IsTextStart(int item) => item == 0 && AtTextStart && Items[0].Start == Origin;

    public void BeginPieces() => Spare.Clear();

    public void EndPieces() => (Items, Spare) = (Spare, Items);

    /// <summary>To be followed by writing every piece's new text and cut, then <see cref="EndText"/>.</summary>
    public void BeginText()
    {
        SpareText.Clear();
        Spare.Clear();
        AtTextStart = Items.Count > 0 && IsTextStart(0);
    }

    public void EndText()
    {
        _text = SpareText.Array;
        Origin = 0;
        SpareText = ReferenceEquals(SpareText, _textA) ? _textB : _textA;
        (Items, Spare) = (Spare, Items);
    }
}
