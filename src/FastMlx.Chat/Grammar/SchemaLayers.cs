using System.Text.Json;

namespace FastMlx.Chat.Grammar;

/// <summary>
/// Schema objects that all hold at once, as allOf says or as a choice and what stands beside it. A later one's keyword
/// counts, but properties and required names are joined.
/// </summary>
internal sealed class SchemaLayers
{
    private readonly List<(JsonElement Schema, string Without)> _layers = [];

    public SchemaLayers(JsonElement schema, string without = "") => _layers.Add((schema, without));

    private SchemaLayers(IEnumerable<(JsonElement, string)> layers) => _layers.AddRange(layers);

    /// <summary>Keywords of all layers; some may come twice.</summary>
    public IEnumerable<string> Names => _layers.SelectMany(layer => layer.Schema.EnumerateObject()
        .Select(member => member.Name).Where(name => name != layer.Without));

    public bool Has(string keyword) => TryGet(keyword, out _);

    public bool TryGet(string keyword, out JsonElement value)
    {
        for (int i = _layers.Count - 1; i >= 0; i--)
        {
            if (keyword != _layers[i].Without && _layers[i].Schema.TryGetProperty(keyword, out value))
                return true;
        }

        value = default;
        return false;
    }

    public bool TryGetArray(string keyword, out JsonElement value) =>
        TryGet(keyword, out value) && value.ValueKind == JsonValueKind.Array;

    /// <summary>The same, no longer with <paramref name="keyword"/>, and another one.</summary>
    public SchemaLayers And(string keyword, SchemaLayers other) =>
        new([.. _layers.Select(layer => Hide(layer, keyword)), .. other._layers]);

    /// <summary>In the order in which they are first named.</summary>
    public List<(string Name, SchemaLayers? Schema)> Properties()
    {
        List<(string Name, SchemaLayers? Schema)> all = [];
        foreach ((JsonElement schema, string without) in _layers)
        {
            if (without == "properties" || !schema.TryGetProperty("properties", out JsonElement members)
                || members.ValueKind != JsonValueKind.Object)
                continue;
            foreach (JsonProperty member in members.EnumerateObject())
            {
                bool isObject = member.Value.ValueKind == JsonValueKind.Object;
                SchemaLayers? own = isObject ? new SchemaLayers(member.Value) : null;
                int at = all.FindIndex(known => known.Name == member.Name);
                if (at < 0)
                    all.Add((member.Name, own));
                else
                    all[at] = (member.Name, own is null ? all[at].Schema : all[at].Schema?.And("", own) ?? own);
            }
        }

        return all;
    }

    public HashSet<string> Required() =>
    [
        .. _layers.SelectMany(layer => layer.Schema.TryGetProperty("required", out JsonElement names)
                && names.ValueKind == JsonValueKind.Array ? names.EnumerateArray() : default)
            .Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!),
    ];

    private static (JsonElement, string) Hide((JsonElement Schema, string Without) layer, string keyword) =>
        (layer.Schema, layer.Schema.TryGetProperty(keyword, out _) ? keyword : layer.Without);
}
