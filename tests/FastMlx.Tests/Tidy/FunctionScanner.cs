namespace FastMlx.Tests.Tidy;

/// <summary>
/// Finds functions by braces and indentation: the formatters make a body's braces stand in the column of its header
/// (C#) or end the header's line (C++), so no parser is needed.
/// </summary>
internal static class FunctionScanner
{
    public static IEnumerable<(int Line, int Lines)> Scan(SourceFile file) =>
        file.Name.EndsWith(".cs", StringComparison.Ordinal) ? ScanCSharp(file.Lines) : ScanCpp(file.Lines);

    /// <summary>A member's brace stands alone at 4 or 8 columns after a line with a closing parenthesis.</summary>
    private static IEnumerable<(int Line, int Lines)> ScanCSharp(string[] lines)
    {
        for (int i = 1; i < lines.Length; i++)
        {
            int indent = Indent(lines[i]);
            if (indent is not (4 or 8) || lines[i].Trim() != "{" || !IsFunctionHeader(lines, i - 1))
                continue;
            int end = Array.FindIndex(lines, i, l => l == new string(' ', indent) + "}");
            if (end > i)
                yield return (i, end - i + 1);
        }
    }

    private static bool IsFunctionHeader(string[] lines, int last)
    {
        string header = lines[last].TrimEnd();
        return header.EndsWith(')') || header.TrimStart().StartsWith("where ", StringComparison.Ordinal);
    }

    /// <summary>A function's header ends in ") {" (or with a trailing word) at column 0; the body ends at "}".</summary>
    private static IEnumerable<(int Line, int Lines)> ScanCpp(string[] lines)
    {
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i];
            if (Indent(line) != 0 || !line.EndsWith('{') || !line.Contains(')') || line.StartsWith("namespace", StringComparison.Ordinal))
                continue;
            int end = Array.FindIndex(lines, i, l => l is "}" or "};");
            if (end > i)
                yield return (i + 1, end - i + 1);
        }
    }

    private static int Indent(string line) => line.Length - line.TrimStart(' ').Length;
}
