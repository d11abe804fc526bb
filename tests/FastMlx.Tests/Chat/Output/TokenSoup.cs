using System.Text;
using FastMlx.Chat.Output;

namespace FastMlx.Tests.Chat.Output;

/// <summary>Random texts out of a format's markers, pieces of other syntaxes and plain text.</summary>
internal sealed class TokenSoup
{
    private static readonly string[] Common =
    [
        "Bash", "Write", "ping", "MultiEdit", "command", "content", "file_path", "a", "x", " ", "\n", "\n\n", "  ", "{", "}",
        "[", "]", "(", ")", "\"", "'", ":", ",", "=", "<", ">", "</", "|", "\\", "\\n", "\\u12", "\\ud83d", "true", "null",
        "1", "42.0", "hello", "text é 🌟", "　", "{\"name\": \"Bash\", \"arguments\": {\"command\": \"ls\"}}",
        "{\"name\":\"ping\",\"arguments\":{}}", "{\"command\": \"ls\"}", "{\"name\": \"", "\"arguments\": {", "```json\n", "```",
        "Bash(command='ls')", "call:Bash{", "command:", "functions.Bash:0", "to=functions.Bash", "analysis", "final",
        "assistant", "all\n", "Action:", "<div>", "</div>", "functools", "<function=Bash>", "</function>",
        "<parameter=command>", "<parameter=x>", "</parameter>", "<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>",
        "<arg_value>", "</arg_value>", "<think>", "</think>", "<invoke name=\"Bash\">", "</invoke>",
        "<parameter name=\"command\">",
    ];

    private readonly string[] _own;

    public TokenSoup(OutputFormat format)
    {
        _own = [.. format.ContentSet.Markers.Concat(format.ThoughtSet.Markers).Select(marker => marker.Text)
            .Append(format.PrimeCall("Bash")).Append(format.PrimeCall(null)).Where(text => text.Length > 0).Distinct()];
    }

    /// <param name="cuts">Some tokens are cut short: then two halves may make a marker that nobody wrote.</param>
    public string Next(Random random, int tokensMax, bool cuts)
    {
        var text = new StringBuilder();
        for (int count = random.Next(1, tokensMax); count > 0; count--)
        {
            string token = random.Next(2) == 0 ? _own[random.Next(_own.Length)] : Common[random.Next(Common.Length)];
            if (cuts && random.Next(12) == 0 && token.Length > 1)
                token = token[..Whole(token, random.Next(1, token.Length))];
            text.Append(token);
        }
        return text.ToString();
    }

    public static IEnumerable<string> Pieces(Random random, string text)
    {
        for (int start = 0; start < text.Length;)
        {
            int end = Whole(text, Math.Min(text.Length, start + random.Next(1, 12)));
            yield return text[start..end];
            start = end;
        }
    }

    private static int Whole(string text, int end) => end < text.Length && char.IsLowSurrogate(text[end]) ? end + 1 : end;
}
