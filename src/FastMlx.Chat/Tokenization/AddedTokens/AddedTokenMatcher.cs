using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Finds added tokens in a text, leftmost and longest. Text that is marked as user data never takes part in a control
/// token: such a match is passed over, and the search goes on with shorter tokens at the same place, then behind it.
/// </summary>
internal sealed class AddedTokenMatcher
{
    private readonly ByteTrie _trie = new();
    private readonly AddedToken[] _tokens;

    /// <param name="tokens">Tokens with the text to look for, which may be the content's normal form.</param>
    public AddedTokenMatcher(IReadOnlyList<(AddedToken Token, byte[] Text)> tokens)
    {
        _tokens = [.. tokens.Select(pair => pair.Token)];
        for (int i = 0; i < tokens.Count; i++)
            _trie.Add(tokens[i].Text, i);
        _trie.Seal();
    }

    public bool IsEmpty => _trie.IsEmpty;

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Covers the text with matches and the stretches between them. An empty text gives nothing.</summary>
    /// <param name="text">Well-formed UTF-8.</param>
    /// <param name="marks">One byte for each byte of text, 1 for user data; empty: no user data.</param>
    /// <param name="allUserData">All of the text is user data.</param>
    /// <param name="output">Cleared first.</param>
    public void Split(ReadOnlySpan<byte> text, ReadOnlySpan<byte> marks, bool allUserData, List<TokenMatch> output)
    {
        output.Clear();
        int done = 0;
        int position = 0;
        while (position < text.Length && (position = _trie.NextCandidate(text, position)) >= 0)
        {
            AddedToken? token = Find(text, marks, allUserData, position, out int length);
            if (token is null)
            {
                position++;
                continue;
            }
            int start = position;
            int end = position + length;
            position = end;
            if (token.SingleWord && !IsWholeWord(text, start, end))
                continue;
            if (token.LeftStrip)
                start = BackOverWhite(text, done, start);
            if (token.RightStrip)
                end = Runs.While(text, end, CharClasses.White);
            if (done < start)
                output.Add(new TokenMatch(done, start, -1));
            output.Add(new TokenMatch(start, end, token.Id));
            done = end;
        }
        if (done < text.Length)
            output.Add(new TokenMatch(done, text.Length, -1));
    }

    private AddedToken? Find(ReadOnlySpan<byte> text, ReadOnlySpan<byte> marks, bool allUserData, int position,
        out int length)
    {
        int below = int.MaxValue;
        while (true)
        {
            int index = _trie.Longest(text, position, below, out length);
            if (index < 0)
                return null;
            AddedToken token = _tokens[index];
            bool userData = allUserData || !marks.IsEmpty && marks.Slice(position, length).Contains((byte)1);
            if (!userData || !token.Control)
                return token;
            below = length;
        }
    }

    private static bool IsWholeWord(ReadOnlySpan<byte> text, int start, int end)
    {
        if (start > 0 && CharClasses.IsRustWord(Utf8Text.Decode(text, Utf8Text.Before(text, start), out _)))
            return false;
        return end == text.Length || !CharClasses.IsRustWord(Utf8Text.Decode(text, end, out _));
    }

    private static int BackOverWhite(ReadOnlySpan<byte> text, int from, int end)
    {
        while (end > from)
        {
            int before = Utf8Text.Before(text, end);
            if ((CharClasses.At(text, before, out _) & CharClasses.White) == 0)
                break;
            end = before;
        }
        return end;
    }
}
