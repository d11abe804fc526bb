using System.Text;
using Microsoft.ML.Tokenizers;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Tokens with their places in the text, for callers that know the package's base class only. A token's place is where
/// its decoded text lies; tokens that end inside a character share that character's place.
/// </summary>
internal static class TokenOffsets
{
    public static EncodeResults<EncodedToken> Describe(HfTokenizer tokenizer, string text, EncodeSettings settings)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, parseSpecial: true, ids);
        var decoder = new TokenDecoder(tokenizer, skipSpecial: false);
        var tokens = new List<EncodedToken>(Math.Min(ids.Count, settings.MaxTokenCount));
        int end = 0;
        foreach (int id in ids)
        {
            if (tokens.Count == settings.MaxTokenCount)
                break;
            int start = end;
            end = Math.Min(text.Length, end + Encoding.UTF8.GetCharCount(decoder.Push(id)));
            tokens.Add(new EncodedToken(id, tokenizer.IdToToken(id) ?? "", new Range(start, end)));
        }
        int consumed = tokens.Count == ids.Count ? text.Length : end;
        return new EncodeResults<EncodedToken> { Tokens = tokens, CharsConsumed = consumed };
    }

    public static EncodeResults<int> OnlyIds(EncodeResults<EncodedToken> results) => new()
    {
        Tokens = [.. results.Tokens.Select(token => token.Id)],
        CharsConsumed = results.CharsConsumed,
    };

    /// <summary>Writes the text of as many ids as fit.</summary>
    public static (int Ids, int Chars) FitInto(HfTokenizer tokenizer, int[] ids, Span<char> destination)
    {
        var decoder = new TokenDecoder(tokenizer, skipSpecial: false);
        int chars = 0;
        for (int i = 0; i < ids.Length; i++)
        {
            ReadOnlySpan<byte> text = decoder.Push(ids[i]);
            if (Encoding.UTF8.GetCharCount(text) > destination.Length - chars)
                return (i, chars);
            chars += Encoding.UTF8.GetChars(text, destination[chars..]);
        }
        return (ids.Length, chars);
    }
}
