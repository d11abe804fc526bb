namespace FastMlx.Chat.Output;

/// <summary>All formats, and the order in which they are looked for.</summary>
internal static class FormatTable
{
    private static readonly FormatEntry[] Entries =
    [
        new(HermesFormats.QwenCoder(), ["qwen3_xml"], (template, _) => template.Contains("<function=", StringComparison.Ordinal)),
        new(HermesFormats.Hermes(), ["json_tools", "hermes", "qwen"], (_, _) => true),
    ];

    public static IEnumerable<string> Names => Entries.Select(entry => entry.Format.Name);

    public static OutputFormat? Find(string name)
    {
        foreach (FormatEntry entry in Entries)
        {
            if (entry.Format.Name == name || entry.Aliases.Contains(name))
                return entry.Format;
        }
        return null;
    }

    public static OutputFormat Choose(string template, IReadOnlySet<string> addedTokens)
    {
        foreach (FormatEntry entry in Entries)
        {
            if (entry.Matches(template, addedTokens))
                return entry.Format;
        }
        return Entries[^1].Format;
    }
}
