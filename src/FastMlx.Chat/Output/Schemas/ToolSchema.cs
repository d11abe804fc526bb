namespace FastMlx.Chat.Output;

/// <summary>A tool on offer, ready for the reader of its calls.</summary>
internal sealed class ToolSchema(string name, SchemaNode parameters)
{
    public string Name { get; } = name;

    public SchemaNode Parameters { get; } = parameters;

    /// <summary>
    /// The declared spelling of a key: itself, or the one that differs in case, '_' and '-' only; null where the key is
    /// unknown and must go.
    /// </summary>
    public string? Resolve(string key)
    {
        if (Parameters.Properties is not { } properties || properties.ContainsKey(key))
            return key;
        string folded = Fold(key);
        foreach (string declared in properties.Keys)
        {
            if (Fold(declared) == folded)
                return declared;
        }
        return Parameters.AllowsUnknown == true ? key : null;
    }

    public bool Declares(string key) => Parameters.Properties?.ContainsKey(key) == true;

    public SchemaNode SchemaOf(string key)
    {
        if (Parameters.Properties is { } properties && properties.TryGetValue(key, out SchemaNode? schema))
            return schema;
        return Parameters.Unknown ?? SchemaNode.Any;
    }

    /// <summary>The name of the parameter declared at this place, for arguments without a name.</summary>
    public string? ParameterAt(int index) =>
        Parameters.Properties is { } properties && index < properties.Count ? properties.Keys.ElementAt(index) : null;

    private static string Fold(string key)
    {
        Span<char> folded = key.Length <= 256 ? stackalloc char[key.Length] : new char[key.Length];
        int length = 0;
        foreach (char character in key)
        {
            if (character is not ('_' or '-'))
                folded[length++] = char.ToLowerInvariant(character);
        }
        return new string(folded[..length]);
    }
}
