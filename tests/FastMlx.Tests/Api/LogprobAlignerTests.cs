using System.Text;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

public sealed class LogprobAlignerTests
{
    [Fact]
    public void Tokens_OfAnyCutText_AreThatText()
    {
        var random = new Random(5);
        for (int round = 0; round < 2000; round++)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(Text(random));
            List<TokenLogprob> tokens = Cut(bytes, random);
            int blanks = bytes.AsSpan().IndexOfAnyExcept(" \n"u8);
            int from = random.Next(2) == 0 || blanks < 0 ? 0 : blanks;
            int to = random.Next(3) == 0 ? random.Next(from, bytes.Length + 1) : bytes.Length;
            byte[] joined = Play(tokens, bytes[from..to], random);
            Assert.True(
                joined.AsSpan().SequenceEqual(bytes.AsSpan(from, to - from)),
                $"round {round}: '{Encoding.UTF8.GetString(joined)}' of '{Encoding.UTF8.GetString(bytes)}' {from}..{to}");
        }
    }

    [Fact]
    public void MarkupBetweenTexts_IsPassedOver()
    {
        var aligner = new LogprobAligner();
        Add(aligner, "<tool_call>", "{", "Hel");
        aligner.Drop(); // A call began.
        Add(aligner, "lo", "}", "</tool_call>");
        aligner.Drop();
        Add(aligner, "\n\n", "Hel", "lo", "<|im_end|>");
        Assert.Equal(["Hel", "lo"], Names(aligner.Take("Hello"u8)));
        Assert.Empty(aligner.TakeBegun());
    }

    [Fact]
    public void TokenThatAStopStringCut_IsToldWithWhatTheTextHasOfIt()
    {
        var aligner = new LogprobAligner();
        Add(aligner, "one", " two\n\nthree", " four");
        Assert.Equal(["one"], Names(aligner.Take("one two"u8)));
        Assert.Equal([" two"], Names(aligner.TakeBegun()));
    }

    [Fact]
    public void BrokenCharacter_StandsForItsToken()
    {
        var aligner = new LogprobAligner();
        aligner.Add(new TokenLogprob(new byte[] { 0xF0, 0x9F }, -1, []));
        Add(aligner, "x");
        IReadOnlyList<TokenLogprob> told = aligner.Take("\uFFFDx"u8);
        Assert.Equal(2, told.Count);
        Assert.Equal([0xF0, 0x9F], told[0].Bytes.ToArray());
    }

    private static byte[] Play(List<TokenLogprob> tokens, ReadOnlySpan<byte> text, Random random)
    {
        var aligner = new LogprobAligner();
        var joined = new List<byte>();
        int given = 0;
        while (given < tokens.Count || !text.IsEmpty)
        {
            for (int i = random.Next(4); i > 0 && given < tokens.Count; i--)
                aligner.Add(tokens[given++]);
            // No more text than the tokens told so far hold, as a decoder would give it.
            int ready = given == tokens.Count ? text.Length : 0;
            int count = random.Next(ready + 1);
            foreach (TokenLogprob token in aligner.Take(text[..count]))
                joined.AddRange(token.Bytes.ToArray());
            text = text[count..];
        }

        foreach (TokenLogprob token in aligner.TakeBegun())
            joined.AddRange(token.Bytes.ToArray());
        return [.. joined];
    }

    private static string Text(Random random)
    {
        string[] parts = ["a", " ", "é", "🎉", "\n", "the", "日", "aa"];
        return string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => parts[random.Next(parts.Length)]));
    }

    private static List<TokenLogprob> Cut(byte[] bytes, Random random)
    {
        List<TokenLogprob> tokens = [];
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(random.Next(1, 5), bytes.Length - at);
            tokens.Add(new TokenLogprob(bytes.AsMemory(at, length), -1, []));
            at += length;
        }

        return tokens;
    }

    private static void Add(LogprobAligner aligner, params string[] tokens)
    {
        foreach (string token in tokens)
            aligner.Add(new TokenLogprob(Encoding.UTF8.GetBytes(token), -1, []));
    }

    private static IEnumerable<string> Names(IEnumerable<TokenLogprob> tokens) =>
        tokens.Select(token => Encoding.UTF8.GetString(token.Bytes.Span));
}
