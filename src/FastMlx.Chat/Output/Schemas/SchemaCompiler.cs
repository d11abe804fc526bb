using System.Text.Json;

namespace FastMlx.Chat.Output;

/// <summary>
/// Compiles one JSON schema. Local references are resolved (recursive ones too); depth and node count are capped, and
/// what lies beyond a cap or is no schema allows everything.
/// </summary>
internal sealed class SchemaCompiler
{
    private const int DepthMax = 32;
    private const int NodesMax = 20_000;

    private readonly JsonElement _root;
    private readonly Dictionary<string, SchemaNode> _references = [];
    private int _nodes;

    private SchemaCompiler(JsonElement root) => _root = root;

    public static SchemaNode Compile(string schemaJson)
    {
        try
        {
            using var document = JsonDocument.Parse(schemaJson, new JsonDocumentOptions { MaxDepth = 128 });
            return new SchemaCompiler(document.RootElement).Node(document.RootElement, 0);
        }
        catch (Exception failure) when (failure is JsonException or InvalidOperationException)
        {
            // A client's schema that cannot be read constrains nothing.
            return SchemaNode.Any;
        }
    }

    private SchemaNode Node(JsonElement schema, int depth)
    {
        if (schema.ValueKind != JsonValueKind.Object || depth >= DepthMax || ++_nodes > NodesMax)
            return SchemaNode.Any;
        var node = new SchemaNode();
        Fill(node, schema, depth);
        return node;
    }

    private void Fill(SchemaNode node, JsonElement schema, int depth)
    {
        if (schema.TryGetProperty("$ref", out JsonElement reference) && reference.ValueKind == JsonValueKind.String)
            Merge(node, Reference(reference.GetString()!, depth));
        if (schema.TryGetProperty("type", out JsonElement type))
            node.Types |= TypesOf(type);
        else if (schema.TryGetProperty("enum", out JsonElement values) && values.ValueKind == JsonValueKind.Array)
            node.Types |= TypesOfValues(values);
        else if (schema.TryGetProperty("const", out JsonElement value))
            node.Types |= TypeOfValue(value);
        if (schema.TryGetProperty("nullable", out JsonElement nullable) && nullable.ValueKind == JsonValueKind.True)
            node.Types |= SchemaTypes.Null;
        FillObject(node, schema, depth);
        if (schema.TryGetProperty("items", out JsonElement items))
            node.Items = Node(items, depth + 1);
        foreach (string union in (ReadOnlySpan<string>)["anyOf", "oneOf", "allOf"])
        {
            if (!schema.TryGetProperty(union, out JsonElement members) || members.ValueKind != JsonValueKind.Array)
                continue;
            foreach (JsonElement member in members.EnumerateArray())
                Merge(node, Node(member, depth + 1));
        }
        // An untyped schema with properties or items still means an object or an array.
        if (node.Types == SchemaTypes.None && node.Properties is not null)
            node.Types = SchemaTypes.Object;
        else if (node.Types == SchemaTypes.None && node.Items is not null)
            node.Types = SchemaTypes.Array;
    }

    private void FillObject(SchemaNode node, JsonElement schema, int depth)
    {
        if (schema.TryGetProperty("properties", out JsonElement properties)
            && properties.ValueKind == JsonValueKind.Object)
        {
            node.Properties ??= [];
            foreach (JsonProperty property in properties.EnumerateObject())
                node.Properties[property.Name] = Node(property.Value, depth + 1);
        }
        if (schema.TryGetProperty("required", out JsonElement required) && required.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement name in required.EnumerateArray())
            {
                if (name.ValueKind == JsonValueKind.String)
                    node.Required.Add(name.GetString()!);
            }
        }
        if (schema.TryGetProperty("patternProperties", out _))
            node.AllowsUnknown = true;
        if (!schema.TryGetProperty("additionalProperties", out JsonElement additional))
            return;
        node.AllowsUnknown = additional.ValueKind != JsonValueKind.False;
        if (additional.ValueKind == JsonValueKind.Object)
            node.Unknown = Node(additional, depth + 1);
    }

    private SchemaNode Reference(string pointer, int depth)
    {
        if (_references.TryGetValue(pointer, out SchemaNode? known))
            return known;
        if (!TryFollow(pointer, out JsonElement target) || depth >= DepthMax || ++_nodes > NodesMax)
            return SchemaNode.Any;
        // Entered before it is filled, so that a recursive schema finds itself.
        var node = new SchemaNode();
        _references[pointer] = node;
        if (target.ValueKind == JsonValueKind.Object)
            Fill(node, target, depth + 1);
        return node;
    }

    private bool TryFollow(string pointer, out JsonElement target)
    {
        target = _root;
        if (!pointer.StartsWith('#'))
            return false;
        foreach (string part in pointer[1..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = part.Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal);
            if (target.ValueKind != JsonValueKind.Object || !target.TryGetProperty(name, out target))
                return false;
        }
        return true;
    }

    private static void Merge(SchemaNode node, SchemaNode other)
    {
        node.Types |= other.Types;
        node.Items ??= other.Items;
        node.Unknown ??= other.Unknown;
        if (other.AllowsUnknown is { } allows)
            node.AllowsUnknown = node.AllowsUnknown is { } before ? before || allows : allows;
        if (other.Properties is null)
            return;
        node.Properties ??= [];
        foreach ((string name, SchemaNode property) in other.Properties)
            node.Properties.TryAdd(name, property);
    }

    private static SchemaTypes TypesOf(JsonElement type)
    {
        if (type.ValueKind == JsonValueKind.String)
            return TypeNamed(type.GetString()!);
        SchemaTypes types = SchemaTypes.None;
        if (type.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement member in type.EnumerateArray())
                types |= TypesOf(member);
        }
        return types;
    }

    private static SchemaTypes TypeNamed(string name) => name switch
    {
        "null" => SchemaTypes.Null,
        "boolean" or "bool" => SchemaTypes.Boolean,
        "integer" or "int" => SchemaTypes.Integer,
        "number" or "float" => SchemaTypes.Number,
        "array" or "list" => SchemaTypes.Array,
        "object" or "dict" => SchemaTypes.Object,
        "string" or "str" => SchemaTypes.String,
        _ => SchemaTypes.None,
    };

    private static SchemaTypes TypesOfValues(JsonElement values)
    {
        SchemaTypes types = SchemaTypes.None;
        foreach (JsonElement value in values.EnumerateArray())
            types |= TypeOfValue(value);
        return types;
    }

    private static SchemaTypes TypeOfValue(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => SchemaTypes.Null,
        JsonValueKind.True or JsonValueKind.False => SchemaTypes.Boolean,
        JsonValueKind.Number => value.TryGetInt64(out _) ? SchemaTypes.Integer : SchemaTypes.Number,
        JsonValueKind.Array => SchemaTypes.Array,
        JsonValueKind.Object => SchemaTypes.Object,
        _ => SchemaTypes.String,
    };
}
