using System.Text;
using System.Text.Json;
using FastMlx.Chat.Output;

namespace FastMlx.Tests.Chat.Output;

/// <summary>One run of a vector: the text fed in the given pieces, and what came out as comparable text.</summary>
internal static class VectorRun
{
    public static string Expected(JsonElement vector)
    {
        var text = new StringBuilder();
        foreach (JsonElement call in vector.GetProperty("expected_calls").EnumerateArray())
            AppendCall(text, call);
        text.Append("| C=").Append(Vectors.Text(vector, "expected_content"));
        text.Append("| R=").Append(Vectors.Text(vector, "expected_reasoning"));
        if (vector.TryGetProperty("truncated_call", out JsonElement truncated))
            AppendCall(text.Append("| T="), truncated);
        return text.ToString();
    }

    public static string Run(JsonElement vector, IEnumerable<string> pieces, bool streams = false)
    {
        var sink = new Collector();
        OutputFormat format = OutputFormat.Find(Vectors.Text(vector, "format"))!;
        var policy = new CallPolicy { StreamsArguments = streams };
        bool isThinking = format.OpensThought(Vectors.Text(vector, "prompt_tail"));
        var parser = new OutputParser(format, Vectors.Tools(vector), sink, policy, isThinking);
        foreach (string piece in pieces)
            parser.Feed(piece);
        parser.Finish(isTruncated: Vectors.Text(vector, "finish") == "length");
        return Describe(sink, parser.TruncatedCall, vector);
    }

    public static IEnumerable<string> Characters(string text)
    {
        for (int index = 0; index < text.Length;)
        {
            int length = char.IsHighSurrogate(text[index]) ? 2 : 1;
            yield return text.Substring(index, length);
            index += length;
        }
    }

    public static IEnumerable<(string, string)> Splits(string text)
    {
        for (int index = 1; index < text.Length; index++)
        {
            if (!char.IsLowSurrogate(text[index]))
                yield return (text[..index], text[index..]);
        }
    }

    private static string Describe(Collector sink, TruncatedCall? truncated, JsonElement vector)
    {
        var text = new StringBuilder();
        bool[] hasIds = [.. vector.GetProperty("expected_calls").EnumerateArray().Select(call => call.TryGetProperty("id", out _))];
        for (int index = 0; index < sink.Calls.Count; index++)
        {
            CollectedCall call = sink.Calls[index];
            AppendCall(text, call.Name, call.ArgumentsJson, index < hasIds.Length && hasIds[index] ? call.Id : null);
        }
        text.Append("| C=").Append(sink.Content).Append("| R=").Append(sink.Reasoning);
        if (truncated is not null)
        {
            bool hasId = vector.TryGetProperty("truncated_call", out JsonElement expected)
                && expected.TryGetProperty("id", out _);
            AppendCall(text.Append("| T="), truncated.Name, truncated.ArgumentsJson, hasId ? truncated.Id : null);
        }
        return text.ToString();
    }

    private static void AppendCall(StringBuilder text, JsonElement call) => AppendCall(
        text, Vectors.Text(call, "name"), call.GetProperty("arguments").GetRawText(),
        call.TryGetProperty("id", out JsonElement id) ? id.GetString() : null);

    private static void AppendCall(StringBuilder text, string name, string arguments, string? id)
    {
        text.Append(name).Append(id is null ? "" : $"#{id}").Append(' ');
        using JsonDocument document = JsonDocument.Parse(arguments);
        text.Append(CanonicalJson.Of(document.RootElement)).Append(' ');
    }
}
