namespace FastMlx.Configuration;

/// <summary>Reads the settings that name several models.</summary>
internal static class ModelList
{
    /// <summary>Names separated by commas; a folder whose own name has a comma stands alone.</summary>
    public static ServerOptions? Set(ServerOptions options, string value)
    {
        string[] names = Directory.Exists(value)
            ? [value]
            : value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return names.Length == 0 ? null : options with { ModelName = names[0], FurtherModels = names[1..] };
    }

    /// <summary>Pairs NAME=MODEL separated by commas; null where one is none.</summary>
    public static IReadOnlyList<(string Name, string Model)>? Pairs(string value)
    {
        var pairs = new List<(string, string)>();
        foreach (string text in value.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = text.Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts.Length < 2 || parts[0].Length == 0 || parts[1].Length == 0 || parts[0].Any(char.IsWhiteSpace))
                return null;
            pairs.Add((parts[0], parts[1]));
        }

        return pairs;
    }
}
