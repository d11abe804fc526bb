namespace FastMlx.Chat.Tokenization;

/// <summary>Conditions on a position.</summary>
internal enum RegexAssertion
{
    WordBorder,
    NoWordBorder,
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,

    /// <summary>At the end, or in front of a last line end.</summary>
    TextEndOrLastLine,
}
