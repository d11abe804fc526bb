using System.Globalization;

namespace FastMlx.Chat.Tokenization;

/// <summary>The classes that patterns name: \d, \p{Lu}, [:alpha:], \p{Han}.</summary>
internal static class RegexClasses
{
    public static Predicate<int>? Escape(char letter) => letter switch
    {
        'd' => Bits(CharClasses.Digit),
        'w' => Bits(CharClasses.Word),
        's' => Bits(CharClasses.White),
        'h' => c => c < 128 && char.IsAsciiHexDigit((char)c),
        _ => null,
    };

    public static Predicate<int>? Property(string name)
    {
        string key = name.Replace("_", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal)
            .Replace("-", "", StringComparison.Ordinal).ToLowerInvariant();
        return Category(key) ?? Named(key) ?? UnicodeScriptTable.Find(key);
    }

    public static Predicate<int> Not(Predicate<int> predicate) => c => !predicate(c);

    private static Predicate<int> Bits(int bits) => c => (CharClasses.Of(c) & bits) != 0;

    private static Predicate<int>? Named(string key) => key switch
    {
        "any" => _ => true,
        "assigned" => c => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.OtherNotAssigned,
        "ascii" => c => c < 128,
        "alpha" or "alphabetic" => UnicodeScriptTable.Property(UnicodeScriptTable.Alphabetic),
        "alnum" => Either(UnicodeScriptTable.Property(UnicodeScriptTable.Alphabetic), Bits(CharClasses.Digit)),
        "digit" => Bits(CharClasses.Digit),
        "space" or "whitespace" => Bits(CharClasses.White),
        "word" => Bits(CharClasses.Word),
        "upper" or "uppercase" => UnicodeScriptTable.Property(UnicodeScriptTable.Uppercase),
        "lower" or "lowercase" => UnicodeScriptTable.Property(UnicodeScriptTable.Lowercase),
        "punct" => c => (CharClasses.Of(c) & CharClasses.Punctuation) != 0
            || c < 128 && (CharClasses.Of(c) & CharClasses.Symbol) != 0,
        "blank" => c => c == '\t' || CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.SpaceSeparator,
        "cntrl" => c => CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.Control,
        "xdigit" => c => c < 128 && char.IsAsciiHexDigit((char)c),
        _ => null,
    };

    private static Predicate<int> Either(Predicate<int> a, Predicate<int> b) => c => a(c) || b(c);

    private static Predicate<int>? Category(string key) => key switch
    {
        "l" or "letter" => Bits(CharClasses.Letter),
        "m" or "mark" or "combiningmark" => Bits(CharClasses.Mark),
        "n" or "number" => Bits(CharClasses.Number),
        "p" or "punctuation" => Bits(CharClasses.Punctuation),
        "s" or "symbol" => Bits(CharClasses.Symbol),
        "z" or "separator" => c => CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.SpaceSeparator
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator,
        "c" or "other" => c => CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control
            or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned,
        "lc" or "casedletter" or "l&" => c => CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.UppercaseLetter
            or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter,
        _ => Single(key) is { } category ? c => CharUnicodeInfo.GetUnicodeCategory(c) == category : null,
    };

    private static UnicodeCategory? Single(string key) => key switch
    {
        "lu" or "uppercaseletter" => UnicodeCategory.UppercaseLetter,
        "ll" or "lowercaseletter" => UnicodeCategory.LowercaseLetter,
        "lt" or "titlecaseletter" => UnicodeCategory.TitlecaseLetter,
        "lm" or "modifierletter" => UnicodeCategory.ModifierLetter,
        "lo" or "otherletter" => UnicodeCategory.OtherLetter,
        "mn" or "nonspacingmark" => UnicodeCategory.NonSpacingMark,
        "mc" or "spacingmark" => UnicodeCategory.SpacingCombiningMark,
        "me" or "enclosingmark" => UnicodeCategory.EnclosingMark,
        "nd" or "decimalnumber" => UnicodeCategory.DecimalDigitNumber,
        "nl" or "letternumber" => UnicodeCategory.LetterNumber,
        "no" or "othernumber" => UnicodeCategory.OtherNumber,
        "zs" or "spaceseparator" => UnicodeCategory.SpaceSeparator,
        "zl" or "lineseparator" => UnicodeCategory.LineSeparator,
        "zp" or "paragraphseparator" => UnicodeCategory.ParagraphSeparator,
        "cc" or "control" => UnicodeCategory.Control,
        "cf" or "format" => UnicodeCategory.Format,
        "cs" or "surrogate" => UnicodeCategory.Surrogate,
        "co" or "privateuse" => UnicodeCategory.PrivateUse,
        "cn" or "unassigned" => UnicodeCategory.OtherNotAssigned,
        "pc" or "connectorpunctuation" => UnicodeCategory.ConnectorPunctuation,
        "pd" or "dashpunctuation" => UnicodeCategory.DashPunctuation,
        "ps" or "openpunctuation" => UnicodeCategory.OpenPunctuation,
        "pe" or "closepunctuation" => UnicodeCategory.ClosePunctuation,
        "pi" or "initialpunctuation" => UnicodeCategory.InitialQuotePunctuation,
        "pf" or "finalpunctuation" => UnicodeCategory.FinalQuotePunctuation,
        "po" or "otherpunctuation" => UnicodeCategory.OtherPunctuation,
        "sm" or "mathsymbol" => UnicodeCategory.MathSymbol,
        "sc" or "currencysymbol" => UnicodeCategory.CurrencySymbol,
        "sk" or "modifiersymbol" => UnicodeCategory.ModifierSymbol,
        "so" or "othersymbol" => UnicodeCategory.OtherSymbol,
        _ => null,
    };
}
