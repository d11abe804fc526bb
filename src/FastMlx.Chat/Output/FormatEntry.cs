namespace FastMlx.Chat.Output;

/// <summary>A line of the table: a format, its other names, and the signs of it, any of which will do.</summary>
internal sealed class FormatEntry(OutputFormat format, string[] aliases, params string[][] signs)
{
    public OutputFormat Format { get; } = format;

    public IReadOnlyList<string> Aliases { get; } = aliases;

    /// <summary>All texts of one of the signs are in the template.</summary>
    public bool Matches(string template) =>
        signs.Any(sign => sign.All(text => template.Contains(text, StringComparison.Ordinal)));
}
