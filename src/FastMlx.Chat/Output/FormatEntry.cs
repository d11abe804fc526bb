namespace FastMlx.Chat.Output;

/// <summary>A line of the table: a format, its other names, and what a model that writes it looks like.</summary>
internal sealed record FormatEntry(
    OutputFormat Format, string[] Aliases, Func<string, IReadOnlySet<string>, bool> Matches);
