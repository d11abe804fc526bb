using FastMlx.Chat.Templates;

namespace FastMlx.Chat;

/// <summary>What a prompt needs of a tokenizer. Any number of threads.</summary>
public interface ITextEncoder
{
    /// <summary>
    /// Appends the ids of a text. No control token may be formed from characters of <paramref name="marked"/>, which is
    /// ascending and without overlap.
    /// </summary>
    public void Encode(ReadOnlySpan<char> text, IReadOnlyList<TextSpan> marked, List<int> ids);
}
