using System.Text.Json;
using FastMlx.Chat.Output;
using Xunit;

namespace FastMlx.Tests.Chat.Output;

/// <summary>
/// Hostile output: no exception, no call left open, valid arguments, the same events in any pieces, no markup in the text.
/// A failure names its format and seed.
/// </summary>
public sealed class OutputFuzzTests
{
    // Raised for a long run; 100 an format take about two seconds.
    private const int InputsPerFormat = 100;
    private const int Seed = 20260823;

    [Fact]
    public void TokenSoup_IsReadTheSameInAnyPieces()
    {
        foreach (string name in OutputFormat.Names)
        {
            OutputFormat format = OutputFormat.Find(name)!;
            var soup = new TokenSoup(format);
            for (int index = 0; index < InputsPerFormat; index++)
                Check(format, soup, index);
        }
    }

    private static void Check(OutputFormat format, TokenSoup soup, int index)
    {
        var random = new Random(unchecked((Seed * 31) + index));
        bool cuts = random.Next(2) == 0;
        string text = soup.Next(random, 30, cuts);
        bool isThinking = random.Next(3) == 0;
        bool isTruncated = random.Next(2) == 0;
        string where = $"{format.Name} index {index} thinking {isThinking} truncated {isTruncated}: "
            + JsonSerializer.Serialize(text);
        string whole = Run(format, [text], isThinking, isTruncated, false, out Collector sink, where);
        Assert.True(whole == Run(format, VectorRun.Characters(text), isThinking, isTruncated, false, out _, where), where);
        string pieces = Run(format, TokenSoup.Pieces(random, text), isThinking, isTruncated, true, out _, where);
        Assert.True(whole == pieces, where);
        if (!cuts)
            AssertNoMarkup(format, sink, where);
    }

    private static string Run(
        OutputFormat format, IEnumerable<string> pieces, bool isThinking, bool isTruncated, bool streams,
        out Collector sink, string where)
    {
        sink = new Collector();
        try
        {
            var policy = new CallPolicy { StreamsArguments = streams };
            var parser = new OutputParser(format, SampleTools.All, sink, policy, isThinking);
            foreach (string piece in pieces)
                parser.Feed(piece);
            parser.Finish(isTruncated);
            Assert.Null(sink.OpenCall);
            foreach (CollectedCall call in sink.Calls)
                AssertArguments(call);
            return JsonSerializer.Serialize(new { sink.Content, sink.Reasoning, sink.Calls, parser.TruncatedCall });
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException(where, failure);
        }
    }

    private static void AssertArguments(CollectedCall call)
    {
        using JsonDocument arguments = JsonDocument.Parse(call.ArgumentsJson);
        List<string> keys = [.. arguments.RootElement.EnumerateObject().Select(member => member.Name)];
        Assert.Equal(keys.Count, keys.Distinct().Count());
        if (call.Name == "Bash")
            Assert.All(keys, key => Assert.Contains(key, (string[])["command", "timeout", "flag"]));
        Assert.DoesNotContain("<|", call.Name);
    }

    private static void AssertNoMarkup(OutputFormat format, Collector sink, string where)
    {
        foreach (Marker marker in format.ContentSet.Markers)
        {
            if (marker.Kind == MarkerKind.MaybeCall || marker.Place != MarkerPlace.Anywhere || marker.Bytes.Length <= 3)
                continue;
            Assert.False(sink.Content.Contains(marker.Text, StringComparison.Ordinal), $"{marker.Text} in {where}");
            // Some formats keep a call that was only thought, as the vectors want it.
            Assert.False(
                !format.KeepsThoughtCalls && sink.Reasoning.Contains(marker.Text, StringComparison.Ordinal),
                $"{marker.Text} in {where}");
        }
    }
}
