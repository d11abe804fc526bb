namespace FastMlx.Tests.Api;

/// <summary>One server-sent event as a strict reader sees it.</summary>
internal sealed record SseEvent(string? Name, string? Data, bool IsComment)
{
    /// <summary>
    /// Reads a whole stream. Strict: LF only, one data line per event, at most one event line before it, nothing else, and
    /// an end on a blank line.
    /// </summary>
    public static List<SseEvent> Parse(string text, List<string> violations)
    {
        var events = new List<SseEvent>();
        if (text.Contains('\r', StringComparison.Ordinal) || text.Contains('\0', StringComparison.Ordinal))
            violations.Add("a CR or NUL in the stream");
        if (text.Length > 0 && !text.EndsWith("\n\n", StringComparison.Ordinal))
            violations.Add("the stream does not end on a blank line");
        foreach (string frame in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] lines = frame.Split('\n');
            string? name = null;
            int next = 0;
            if (lines[0].StartsWith(": ", StringComparison.Ordinal) && lines.Length == 1)
            {
                events.Add(new SseEvent(null, null, IsComment: true));
                continue;
            }
            if (lines[0].StartsWith("event: ", StringComparison.Ordinal))
                name = lines[next++]["event: ".Length..];
            if (lines.Length != next + 1 || !lines[next].StartsWith("data: ", StringComparison.Ordinal))
                violations.Add("a frame that is not event and data: " + frame);
            else
                events.Add(new SseEvent(name, lines[next]["data: ".Length..], IsComment: false));
        }
        return events;
    }
}
