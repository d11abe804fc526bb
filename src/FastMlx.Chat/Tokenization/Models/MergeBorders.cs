namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Where a text can be cut without changing its merges: between two characters that no token of the vocabulary holds
/// side by side, no merge can ever join what is left and right of them. A border with a character that is not itself a
/// token is never cut: unknown characters fuse, vanish or become bytes.
/// This makes encoding of whole texts (models without a pre-tokenizer) linear and lets the piece cache work.
/// </summary>
internal sealed class MergeBorders
{
    // Below this length a cut is not worth looking for.
    private const int MinPiece = 2;

    private readonly HashSet<ulong> _joined;
    private readonly ulong[] _filter;
    private readonly TokenTable _tokens;
    private readonly bool[] _asciiToken = new bool[128];

    private MergeBorders(HashSet<ulong> joined, TokenTable tokens)
    {
        _joined = joined;
        _tokens = tokens;
        // ASCII pairs, the common case, as bits.
        _filter = new ulong[128 * 128 / 64];
        foreach (ulong pair in joined)
        {
            uint left = (uint)(pair >> 32), right = (uint)pair;
            if (left < 128 && right < 128)
                _filter[left * 2 + right / 64] |= 1UL << (int)(right & 63);
        }
        for (int c = 0; c < 128; c++)
            _asciiToken[c] = tokens.TryGet([(byte)c], out _);
    }

    /// <summary>Null when a vocabulary holds a byte token: its merges are not about characters.</summary>
    public static MergeBorders? Of(TokenTable tokens)
    {
        var joined = new HashSet<ulong>();
        for (int i = 0; i < tokens.Count; i++)
        {
            ReadOnlySpan<byte> text = tokens.TextAt(i);
            int position = 0;
            int previous = -1;
            while (position < text.Length)
            {
                int c = Utf8Text.Decode(text, position, out int length);
                if (previous >= 0)
                    joined.Add((ulong)(uint)previous << 32 | (uint)c);
                previous = c;
                position += length;
            }
        }
        return new MergeBorders(joined, tokens);
    }

    /// <summary>The first border after <paramref name="start"/> that may be cut, or the end.</summary>
    public int NextCut(ReadOnlySpan<byte> text, int start)
    {
        int position = start;
        int previous = Utf8Text.Decode(text, position, out int length);
        bool previousKnown = IsToken(text.Slice(position, length), previous);
        position += length;
        while (position < text.Length)
        {
            int c = Utf8Text.Decode(text, position, out length);
            bool known = IsToken(text.Slice(position, length), c);
            if (known && previousKnown && position - start >= MinPiece && !Joined(previous, c))
                return position;
            previous = c;
            previousKnown = known;
            position += length;
        }
        return text.Length;
    }

    private bool IsToken(ReadOnlySpan<byte> character, int codePoint) =>
        codePoint < 128 ? _asciiToken[codePoint] : _tokens.TryGet(character, out _);

    private bool Joined(int left, int right) => (left | right) < 128
        ? (_filter[left * 2 + right / 64] >> (right & 63) & 1) != 0
        : _joined.Contains((ulong)(uint)left << 32 | (uint)right);
}
