namespace FastMlx.Chat.Output;

/// <summary>A request's tools, compiled once. Immutable: may be shared by generations.</summary>
public sealed class ToolSchemas
{
    public static readonly ToolSchemas None = new([]);

    private readonly Dictionary<string, ToolSchema> _byName = [];
    private readonly Dictionary<string, ToolSchema?> _byFoldedName = [];

    private ToolSchemas(IReadOnlyList<ToolDefinition> tools)
    {
        foreach (ToolDefinition tool in tools)
        {
            var schema = new ToolSchema(tool.Name, SchemaCompiler.Compile(tool.SchemaJson));
            if (!_byName.TryAdd(tool.Name, schema))
                continue;
            // A folded name that two tools share corrects nothing.
            string folded = Fold(tool.Name);
            _byFoldedName[folded] = _byFoldedName.ContainsKey(folded) ? null : schema;
            LongestNameBytes = Math.Max(LongestNameBytes, System.Text.Encoding.UTF8.GetByteCount(tool.Name));
        }
    }

    public int Count => _byName.Count;

    internal int LongestNameBytes { get; }

    internal IEnumerable<string> Names => _byName.Keys;

    public static ToolSchemas Compile(IReadOnlyList<ToolDefinition> tools) => tools.Count == 0 ? None : new(tools);

    /// <summary>
    /// The declared tool that a model means by a name: exact, or but for case, '-' and '_', or a prefix.
    /// </summary>
    internal ToolSchema? Find(string name)
    {
        if (_byName.TryGetValue(name, out ToolSchema? exact))
            return exact;
        foreach (string prefix in (ReadOnlySpan<string>)["functions.", "tools.", "default_api.", "default_api:"])
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length)
                return Find(name[prefix.Length..]);
        }
        return _byFoldedName.GetValueOrDefault(Fold(name));
    }

    /// <summary>
    /// The longest declared name that begins <paramref name="text"/>, for names with something glued on.
    /// </summary>
    internal string? LongestPrefix(string text)
    {
        string? longest = null;
        foreach (string name in _byName.Keys)
        {
            if (text.StartsWith(name, StringComparison.Ordinal) && name.Length > (longest?.Length ?? 0))
                longest = name;
        }
        return longest;
    }

    private static string Fold(string name) => name.Replace('-', '_').ToLowerInvariant();
}
