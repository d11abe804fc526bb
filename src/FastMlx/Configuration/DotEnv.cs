namespace FastMlx.Configuration;

/// <summary>
/// Reads a <c>.env</c> file: <c>NAME=value</c> lines, <c>#</c> comments, an optional <c>export</c>, single or double
/// quotes around a value. No expansion: a value means what it says.
/// </summary>
internal static class DotEnv
{
    /// <exception cref="OptionsException">A line that is neither empty, a comment, nor an assignment.</exception>
    public static Dictionary<string, string> Parse(string text)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        int number = 0;
        foreach (ReadOnlySpan<char> raw in text.AsSpan().EnumerateLines())
        {
            number++;
            ReadOnlySpan<char> line = raw.Trim();
            if (line.IsEmpty || line[0] == '#')
                continue;
            if (line.StartsWith("export ", StringComparison.Ordinal))
                line = line["export ".Length..].TrimStart();
            int equals = line.IndexOf('=');
            if (equals <= 0)
                throw new OptionsException($".env, line {number}: expected NAME=value, found '{line}'.");
            values[line[..equals].TrimEnd().ToString()] = Value(line[(equals + 1)..].TrimStart(), number);
        }

        return values;
    }

    private static string Value(ReadOnlySpan<char> text, int number)
    {
        if (text.IsEmpty)
            return "";
        if (text[0] is '"' or '\'')
        {
            int end = text[1..].IndexOf(text[0]);
            if (end < 0)
                throw new OptionsException($".env, line {number}: the quote is never closed.");
            return text.Slice(1, end).ToString();
        }

        // A comment needs a blank before it, so that a value may hold '#'.
        int comment = text.IndexOf(" #", StringComparison.Ordinal);
        return (comment < 0 ? text : text[..comment]).TrimEnd().ToString();
    }
}
