namespace FastMlx.Chat.Tokenization;

/// <summary>Patterns that have a hand-written scanner, recognised by their exact text.</summary>
internal static class KnownPatterns
{
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Spaces = @"|\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string UpperNoHan = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";
    private const string LowerNoHan = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]";
    private const string Lead = @"[^\r\n\p{L}\p{N}]?";
    private const string Symbols = @"| ?[^\s\p{L}\p{N}]+";

    private const string DeepSeekWords =
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*";

    public const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public static CutPattern Llama3 => new WordScanner(contractions: true, maxNumbers: 3, marksAreLetters: false);

    public static CutPattern Qwen => new WordScanner(contractions: true, maxNumbers: 1, marksAreLetters: false);

    public static CutPattern Kimi => new CaseScanner(true, maxNumbers: 3, slashAfterSymbols: false, hanApart: true);

    /// <summary>The scanner for a pattern, or null.</summary>
    public static CutPattern? Find(string pattern) => pattern switch
    {
        Gpt2 => new Gpt2Scanner(),
        Contractions + "|" + Lead + @"\p{L}+|\p{N}{1,3}" + Symbols + @"[\r\n]*" + Spaces => Llama3,
        Contractions + "|" + Lead + @"\p{L}+|\p{N}" + Symbols + @"[\r\n]*" + Spaces => Qwen,
        Lead + @"\p{L}+|\p{N}" + Symbols + @"[\r\n]*" + Spaces
            => new WordScanner(contractions: false, maxNumbers: 1, marksAreLetters: false),
        Contractions + "|" + Lead + @"[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + Spaces
            => new WordScanner(contractions: true, maxNumbers: 1, marksAreLetters: true),
        Contractions + "|" + Lead + @"\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+" + Spaces
            => new WordScanner(true, maxNumbers: 1, marksAreLetters: false, lineEndsAfterSymbols: false),
        // Ling's possessive quantifiers and single line end match the same text.
        @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"
            => Qwen,
        _ => FindCase(pattern) ?? FindSpecial(pattern),
    };

    private static CaseScanner? FindCase(string pattern) => pattern switch
    {
        Lead + Upper + "*" + Lower + "+" + Contractions + "?|" + Lead + Upper + "+" + Lower + "*" + Contractions
            + @"?|\p{N}{1,3}" + Symbols + @"[\r\n/]*" + Spaces
            => new CaseScanner(contractions: true, maxNumbers: 3, slashAfterSymbols: true, hanApart: false),
        Lead + Upper + "*" + Lower + "+|" + Lead + Upper + "+" + Lower + @"*|\p{N}" + Symbols + @"[\r\n/]*" + Spaces
            => new CaseScanner(contractions: false, maxNumbers: 1, slashAfterSymbols: true, hanApart: false),
        @"[\p{Han}]+|" + Lead + UpperNoHan + "*" + LowerNoHan + "+" + Contractions + "?|" + Lead + UpperNoHan + "+"
            + LowerNoHan + "*" + Contractions + @"?|\p{N}{1,3}" + Symbols + @"[\r\n]*" + Spaces
            => (CaseScanner)Kimi,
        _ => null,
    };

    private static CutPattern? FindSpecial(string pattern) => pattern switch
    {
        @"\p{N}{1,3}" => new ClassRunScanner(CharClasses.Number, 3),
        @"\p{N}" => new ClassRunScanner(CharClasses.Number, 1),
        @"[一-龥぀-ゟ゠-ヿ]+" => new CjkRunScanner(),
        DeepSeekWords + Spaces => new DeepSeekScanner(),
        @"\d{1,3}(?=(?:\d{3})*\b)" => new RightAlignedDigits(),
        _ => null,
    };
}
