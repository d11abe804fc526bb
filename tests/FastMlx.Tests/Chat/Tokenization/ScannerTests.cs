using System.Text.RegularExpressions;
using CsCheck;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>
/// Three engines must cut alike: the hand-written scanners, our regex matcher, and the runtime's Regex.
/// </summary>
public sealed class ScannerTests
{
    private const string Case = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+";
    private const string CasePlain = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*";
    private const string Contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Spaces = @"|\s*[\r\n]+|\s+(?!\S)|\s+";

    public static TheoryData<string> Known() =>
    [
        @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Spaces,
        Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Spaces,
        @"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Spaces,
        Contractions + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + Spaces,
        Contractions + @"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+" + Spaces,
        @"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
        Case + Contractions + "?|" + CasePlain + Contractions + @"?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + Spaces,
        Case + "|" + CasePlain + @"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*" + Spaces,
        @"[\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*"
            + @"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
            + Contractions + @"?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+"
            + @"[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*" + Contractions + "?"
            + @"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*" + Spaces,
        @"\p{N}{1,3}",
        @"[一-龥぀-ゟ゠-ヿ]+",
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"
            + Spaces,
        @"\d{1,3}(?=(?:\d{3})*\b)",
    ];

    [Theory]
    [MemberData(nameof(Known))]
    public void Scanner_CutsAsTheRegexMatcher(string pattern)
    {
        CutPattern? scanner = KnownPatterns.Find(pattern);
        Assert.NotNull(scanner);
        var matcher = new RegexPattern(pattern);
        Texts.Any.Sample(text => Assert.Equal(Pieces.Of(matcher, text), Pieces.Of(scanner, text)), iter: 3000);
    }

    // Class intersection and possessive repeats are not in the runtime's syntax, and its \b has another \w.
    [Theory]
    [MemberData(nameof(Known))]
    public void Matcher_CutsAsTheRuntimesRegex(string pattern)
    {
        Assert.SkipWhen(pattern.Contains("&&", StringComparison.Ordinal)
            || pattern.Contains("++", StringComparison.Ordinal)
            || pattern.Contains(@"\b", StringComparison.Ordinal), "not in the runtime's syntax");
        var matcher = new RegexPattern(pattern);
        var runtime = new Regex(pattern, RegexOptions.CultureInvariant);
        Texts.InBasicPlane.Sample(
            text => Assert.Equal(RuntimePieces(runtime, text), Pieces.Of(matcher, text)), iter: 3000);
    }

    private static string[] RuntimePieces(Regex regex, string text)
    {
        var pieces = new List<string>();
        int done = 0;
        foreach (Match match in regex.Matches(text))
        {
            if (match.Index > done)
                pieces.Add(text[done..match.Index]);
            if (match.Length > 0)
                pieces.Add(match.Value);
            done = match.Index + match.Length;
        }
        if (done < text.Length)
            pieces.Add(text[done..]);
        return [.. pieces];
    }
}
