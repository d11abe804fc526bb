namespace FastMlx.Chat.Output;

/// <summary>Names of tools as models write them.</summary>
internal static class CallNames
{
    public const int BytesMax = 256;

    /// <summary>An undeclared name without what is markup's and not its own.</summary>
    public static string Clean(string name)
    {
        int markup = name.IndexOf("<|", StringComparison.Ordinal);
        if (markup >= 0)
            name = name[..markup];
        name = name.Trim().Trim('"', '\'');
        const string prefix = "functions.";
        return name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length
            ? name[prefix.Length..]
            : name;
    }
}
