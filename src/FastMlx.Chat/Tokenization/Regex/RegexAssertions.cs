namespace FastMlx.Chat.Tokenization;

/// <summary>Looks at the characters beside a position.</summary>
internal static class RegexAssertions
{
    public static bool Holds(RegexAssertion assertion, ReadOnlySpan<byte> text, int position) => assertion switch
    {
        RegexAssertion.WordBorder => IsBorder(text, position),
        RegexAssertion.NoWordBorder => !IsBorder(text, position),
        RegexAssertion.LineStart => position == 0 || text[position - 1] == '\n',
        RegexAssertion.LineEnd => position == text.Length || text[position] == '\n',
        RegexAssertion.TextStart => position == 0,
        RegexAssertion.TextEnd => position == text.Length,
        _ => position == text.Length || position == text.Length - 1 && text[position] == '\n',
    };

    private static bool IsBorder(ReadOnlySpan<byte> text, int position)
    {
        bool before = position > 0
            && (CharClasses.At(text, Utf8Text.Before(text, position), out _) & CharClasses.Word) != 0;
        bool after = position < text.Length && (CharClasses.At(text, position, out _) & CharClasses.Word) != 0;
        return before != after;
    }
}
