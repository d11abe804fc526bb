using System.Text.RegularExpressions;
using CsCheck;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

public sealed class RegexPatternTests
{
    [Theory]
    [InlineData("a+?b|a", "aab a", "aab| |a")]
    [InlineData("(?:ab|a)(?:c|bcd)", "abcd", "abc|d")]
    [InlineData("(?>ab|a)(?:c|bcd)", "abcdabc", "abc|d|abc")]
    [InlineData("(?<=a)b", "abcb", "a|b|cb")]
    [InlineData("(?<!a)b", "abcb", "abc|b")]
    [InlineData("(?<=\\s|^)x+", "xx axx xx", "xx| axx |xx")]
    [InlineData("x(?=.*z)", "x x z x", "x| |x| z x")]
    [InlineData("(?i)K\\b", "k K\u212A kx", "k| K|\u212A| kx")]
    [InlineData("a(?i)b|c", "aBaCac", "aB|aC|ac")]
    [InlineData("[[:alpha:]]+", "ab1é_", "ab|1|é|_")]
    [InlineData("[^\\P{Lu}A]", "xABa", "xA|B|a")]
    [InlineData("[a-z&&[^m-p]]+", "almost", "al|mo|st")]
    [InlineData("\\p{^L}+", "a1 b", "a|1 |b")]
    [InlineData("\\p{Hiragana}+|\\p{Katakana}+", "ひらカナx", "ひら|カナ|x")]
    [InlineData("a{2}?", "aaaa", "aa|aa")]
    [InlineData("a{,2}", "aaa", "aa|a")]
    [InlineData("a{x}", "a{x}a", "a{x}|a")]
    [InlineData("\\x41\\x{1F600}\\u00e9", "A😀éb", "A😀é|b")]
    [InlineData("(a|b)*+c", "abcab", "abc|ab")]
    [InlineData("(?:)", "ab", "a|b")]
    [InlineData("^a|b$", "a\na b\nb", "a|\n|a| |b|\n|b")]
    [InlineData("(?x) a b # c", "abab", "ab|ab")]
    [InlineData("(?<word>a)(?#note)", "ba", "b|a")]
    [InlineData("[]a]+", "]ab", "]a|b")]
    [InlineData("(a*)*b", "aab", "aab")]
    public void Pattern_CutsTheText(string pattern, string text, string pieces) =>
        Assert.Equal(pieces.Split('|'), Pieces.Of(new RegexPattern(pattern), text));

    [Theory]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("[a")]
    [InlineData("*a")]
    [InlineData("(a)\\1")]
    [InlineData("\\p{Nonsense}")]
    [InlineData("(?<=a+)b")]
    [InlineData("(?P<x>a)")]
    [InlineData("a{2000}")]
    [InlineData("[b-a]")]
    [InlineData("\\")]
    public void Pattern_ThatIsNotUnderstood_IsRefused(string pattern) =>
        Assert.Throws<TokenizerException>(() => new RegexPattern(pattern));

    [Fact]
    public void Matcher_IsTheRuntimesBacktracking_ForRandomPatterns()
    {
        Gen<string> atom = Texts.OneOf("a", "b", "[ab]", ".", "a?", "b*", "(?:a|ab)", "(?:b|ba)*", "(?=b)", "(?!a)",
            "a+?",
            "(?>a*)", "(?<=a)", "[^a]", "a{1,2}", "(?:a|b|)");
        Gen<string> pattern = atom.Array[1, 5].Select(parts => string.Concat(parts)).Array[1, 3]
            .Select(options => string.Join('|', options));
        Gen.Select(pattern, Texts.OneOf("a", "b", "c").Array[0, 12].Select(p => string.Concat(p))).Sample((p, text) =>
        {
            // An empty match beside a non-empty one is where engines differ; both cut there.
            string[] expected = NonEmpty(new Regex(p), text);
            Assert.Equal(expected, NonEmpty(Pieces.Of(new RegexPattern(p), text)));
        }, iter: 20_000);
    }

    // Linear: each of these takes an exponential or quadratic number of steps without the memo.
    [Theory]
    [InlineData("(?:a|aa)+$|x", 20_000)]
    [InlineData("(?:a*)*c|a", 20_000)]
    [InlineData("a*b|a", 200_000)]
    [InlineData("(?:a+a+)+c|a", 20_000)]
    public void Matcher_IsLinear_WhereBacktrackingIsNot(string pattern, int length)
    {
        string[] pieces = Pieces.Of(new RegexPattern(pattern), new string('a', length));
        Assert.Equal(length, pieces.Sum(p => p.Length));
    }

    private static string[] NonEmpty(string[] pieces) => pieces;

    private static string[] NonEmpty(Regex regex, string text)
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
