using FastMlx.Chat.Tokenization;

namespace FastMlx.Chat.Grammar;

/// <summary>
/// A model's tokens as bytes, sorted, so that tokens with a common beginning are tried together. Special and added
/// tokens are left out: they are no text of an answer. Immutable; any thread.
/// </summary>
public sealed class GrammarVocabulary
{
    private readonly List<(int Id, int Length)> _plain = [];
    private readonly uint[]?[] _masks;
    private readonly int _longest;

    /// <param name="tokenizer">Whose tokens.</param>
    /// <param name="vocabularySize">The model's, which may have more ids than the tokenizer.</param>
    /// <param name="stopTokens">What ends an answer.</param>
    public GrammarVocabulary(HfTokenizer tokenizer, int vocabularySize, IReadOnlyList<int> stopTokens)
        : this(
            Read(tokenizer, vocabularySize),
            tokenizer.Vocabulary.AddedTokens.Select(token => token.Id).ToHashSet(),
            vocabularySize,
            stopTokens)
    {
    }

    /// <param name="tokens">Bytes by id.</param>
    /// <param name="markup">Ids that are no text; nor are those without bytes.</param>
    /// <param name="vocabularySize">The model's.</param>
    /// <param name="stopTokens">What ends an answer.</param>
    public GrammarVocabulary(
        IReadOnlyList<byte[]> tokens, IReadOnlySet<int> markup, int vocabularySize, IReadOnlyList<int> stopTokens)
    {
        Words = (vocabularySize + 31) / 32;
        Bytes = [.. tokens];
        StopTokens = [.. stopTokens.Where(token => token >= 0 && token < vocabularySize)];
        List<int> ids = [], others = [];
        for (int id = 0; id < Math.Min(tokens.Count, vocabularySize); id++)
        {
            if (tokens[id].Length == 0 || markup.Contains(id) || StopTokens.Contains(id))
                continue;
            ids.Add(id);
            if (!IsPlain(tokens[id]))
            {
                others.Add(id);
                continue;
            }

            int length = System.Text.Encoding.UTF8.GetCharCount(tokens[id]);
            _plain.Add((id, length));
            _longest = Math.Max(_longest, length);
        }

        All = new SortedTokens(Bytes, ids);
        Others = new SortedTokens(Bytes, others);
        _masks = new uint[_longest + 1][];
    }

    internal int Words { get; }

    internal byte[][] Bytes { get; }

    internal int[] StopTokens { get; }

    internal SortedTokens All { get; }

    /// <summary>Those that are no whole characters which a JSON string takes as they are.</summary>
    internal SortedTokens Others { get; }

    /// <summary>Bits of the tokens that a JSON string takes as they are, with at most so many UTF-16 units.</summary>
    internal uint[] PlainUpTo(int length)
    {
        length = Math.Min(length, _longest);
        if (Volatile.Read(ref _masks[length]) is { } known)
            return known;
        uint[] mask = new uint[Words];
        foreach ((int id, int units) in _plain)
        {
            if (units <= length)
                mask[id / 32] |= 1u << (id % 32);
        }

        Volatile.Write(ref _masks[length], mask); // two threads make the same one
        return mask;
    }

    private static byte[][] Read(HfTokenizer tokenizer, int vocabularySize)
    {
        var reader = new TokenBytes(tokenizer);
        byte[][] tokens = new byte[vocabularySize][];
        for (int id = 0; id < vocabularySize; id++)
            tokens[id] = reader.Of(id).ToArray();
        return tokens;
    }

    private static bool IsPlain(byte[] token) =>
        token.AsSpan().IndexOfAnyInRange((byte)0, (byte)0x1F) < 0
        && token.AsSpan().IndexOfAny((byte)'"', (byte)'\\') < 0
        && System.Text.Unicode.Utf8.IsValid(token);
}
