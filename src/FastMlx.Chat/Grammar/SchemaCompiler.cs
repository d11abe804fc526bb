using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FastMlx.Chat.Grammar;

/// <summary>
/// A JSON Schema as parts of a network. What it accepts also fits the schema, but for the keywords in
/// <see cref="Ignored"/>. It may accept less: properties come in the schema's order, and none that it does not name
/// where it names any.
/// </summary>
internal sealed class SchemaCompiler(Network net, JsonElement root)
{
    private const int LengthMax = 1024, ItemsMax = 256, DepthMax = 64;

    private static readonly string[] Unchecked =
    [
        "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "uniqueItems",
        "contains", "prefixItems", "minProperties", "maxProperties", "patternProperties", "propertyNames",
        "dependentRequired", "dependentSchemas", "if", "not", "unevaluatedProperties", "unevaluatedItems",
    ];

    private readonly JsonParts _parts = new(net);
    private readonly Dictionary<string, int> _references = [];
    private readonly SortedSet<string> _ignored = new(StringComparer.Ordinal);
    private int _depth;

    /// <summary>Keywords that were met and are not enforced.</summary>
    public IReadOnlyCollection<string> Ignored => _ignored;

    /// <summary>The whole answer: white space, then a value.</summary>
    public int Compile()
    {
        bool isAny = root.ValueKind == JsonValueKind.Object && !root.EnumerateObject().Any();
        int value = isAny ? _parts.AnyObject() : Value(root);
        return _parts.Part(from => _parts.Use(_parts.Use(from, _parts.Space), value));
    }

    private int Value(JsonElement schema) => _parts.Part(from => Write(from, schema));

    private int Write(int from, JsonElement schema) => schema.ValueKind switch
    {
        JsonValueKind.Object => Write(from, new SchemaLayers(schema)),
        JsonValueKind.True => _parts.Use(from, _parts.AnyValue()),
        _ => throw new GrammarException("a schema is an object or true"),
    };

    private int Write(int from, SchemaLayers schema)
    {
        if (++_depth > DepthMax)
            throw new GrammarException("the schema nests too deeply");
        _ignored.UnionWith(schema.Names.Where(name => Unchecked.Contains(name)));
        int end = WriteKind(from, schema);
        _depth--;
        return end;
    }

    private int WriteKind(int from, SchemaLayers schema)
    {
        if (schema.TryGet("$ref", out JsonElement reference))
            return _parts.Use(from, Reference(Text(reference, "$ref")));
        if (schema.TryGet("const", out JsonElement only))
            return net.Literal(from, Json(only));
        if (schema.TryGetArray("enum", out JsonElement values))
            return Either(from, values, (start, value) => net.Literal(start, Json(value)));
        foreach (string choice in (string[])["anyOf", "oneOf"])
        {
            if (schema.TryGetArray(choice, out JsonElement any))
                return Either(from, any, (start, one) => WriteChoice(start, schema, choice, one));
        }

        if (schema.TryGetArray("allOf", out JsonElement all))
            return Write(from, all.EnumerateArray().Aggregate(schema, (sum, one) => sum.And("allOf", Resolve(one))));
        bool isNamed = schema.TryGet("type", out JsonElement type);
        return isNamed && type.ValueKind == JsonValueKind.Array
            ? Either(from, type, (start, one) => WriteType(start, Text(one, "type"), schema))
            : WriteType(from, isNamed ? Text(type, "type") : Guess(schema), schema);
    }

    // What stands beside the choice holds too: {"properties":…,"anyOf":[{"required":…}]}.
    private int WriteChoice(int from, SchemaLayers schema, string keyword, JsonElement one)
    {
        bool isAlone = !schema.Has("properties") && !schema.Has("required") && !schema.Has("items");
        return one.ValueKind != JsonValueKind.Object || isAlone
            ? Write(from, one)
            : Write(from, schema.And(keyword, Resolve(one)));
    }

    private int WriteType(int from, string type, SchemaLayers schema) => type switch
    {
        "object" => WriteObject(from, schema),
        "array" => WriteArray(from, schema),
        "string" => WriteString(from, schema),
        "integer" => _parts.Use(from, _parts.Integer),
        "number" => _parts.Use(from, _parts.Number),
        "boolean" => WriteBoolean(from),
        "null" => net.Literal(from, "null"u8),
        "" => _parts.Use(from, _parts.AnyValue()),
        _ => throw new GrammarException($"'{type}' is no type of JSON Schema"),
    };

    private static string Guess(SchemaLayers schema)
    {
        bool HasAny(params ReadOnlySpan<string> keywords)
        {
            foreach (string keyword in keywords)
            {
                if (schema.Has(keyword))
                    return true;
            }

            return false;
        }

        return HasAny("properties", "required", "additionalProperties") ? "object"
            : HasAny("items", "prefixItems") ? "array"
            : HasAny("minLength", "maxLength", "pattern") ? "string"
            : "";
    }

    private int WriteBoolean(int from)
    {
        int end = net.Add();
        net.Free(net.Literal(from, "true"u8), end);
        net.Free(net.Literal(from, "false"u8), end);
        return end;
    }

    private int WriteString(int from, SchemaLayers schema)
    {
        int least = Count(schema, "minLength", 0), most = Count(schema, "maxLength", int.MaxValue);
        if (most > LengthMax && most < int.MaxValue)
        {
            _ignored.Add("maxLength");
            most = int.MaxValue;
        }

        if (least > LengthMax)
        {
            _ignored.Add("minLength");
            least = LengthMax;
        }

        if (least > most)
            throw new GrammarException("minLength is more than maxLength");
        return (least, most) == (0, int.MaxValue) ? _parts.Use(from, _parts.Text) : _parts.WriteText(from, least, most);
    }

    private int WriteArray(int from, SchemaLayers schema)
    {
        int least = Count(schema, "minItems", 0), most = Count(schema, "maxItems", int.MaxValue);
        if (least > ItemsMax || (most > ItemsMax && most < int.MaxValue))
            _ignored.Add(least > ItemsMax ? "minItems" : "maxItems");
        least = Math.Min(least, ItemsMax);
        most = most > ItemsMax ? int.MaxValue : most;
        if (least > most)
            throw new GrammarException("minItems is more than maxItems");
        int item = schema.TryGet("items", out JsonElement items) ? Value(items) : _parts.AnyValue();
        return _parts.WriteList(from, item, least, most);
    }

    // Two rows of states, one before and one behind the first member: only the latter writes a comma.
    private int WriteObject(int from, SchemaLayers schema)
    {
        HashSet<string> required = schema.Required();
        List<(string Name, SchemaLayers? Schema)> members = schema.Properties();
        members.AddRange(required.Where(name => !members.Exists(member => member.Name == name))
            .Order(StringComparer.Ordinal).ToArray().Select(name => (name, (SchemaLayers?)null)));
        if (members.Count == 0)
        {
            bool isTold = schema.TryGet("additionalProperties", out JsonElement others);
            if (isTold && others.ValueKind == JsonValueKind.False)
                return net.Literal(_parts.Use(net.Literal(from, "{"u8), _parts.Space), "}"u8);
            return _parts.WriteMap(from, isTold ? Value(others) : _parts.AnyValue());
        }

        int first = _parts.Use(net.Literal(from, "{"u8), _parts.Space), later = net.Add();
        foreach ((string name, SchemaLayers? value) in members)
        {
            int member = Member(name, value), nextFirst = net.Add(), nextLater = net.Add();
            net.Free(_parts.Use(first, member), nextLater);
            int comma = _parts.Use(net.Literal(later, ","u8), _parts.Space);
            net.Free(_parts.Use(comma, member), nextLater);
            if (!required.Contains(name))
            {
                net.Free(first, nextFirst);
                net.Free(later, nextLater);
            }

            (first, later) = (nextFirst, nextLater);
        }

        int close = net.Add();
        net.Free(first, close);
        net.Free(later, close);
        return net.Literal(close, "}"u8);
    }

    private int Member(string name, SchemaLayers? schema)
    {
        int value = schema is null ? _parts.AnyValue() : _parts.Part(from => Write(from, schema));
        return _parts.Part(from =>
        {
            int colon = net.Literal(_parts.Use(net.Literal(from, Json(name)), _parts.Space), ":"u8);
            return _parts.Use(_parts.Use(_parts.Use(colon, _parts.Space), value), _parts.Space);
        });
    }

    private int Either(int from, JsonElement choices, Func<int, JsonElement, int> write)
    {
        if (choices.GetArrayLength() == 0)
            throw new GrammarException("a choice among nothing");
        int end = net.Add();
        foreach (JsonElement choice in choices.EnumerateArray())
        {
            int start = net.Add();
            net.Free(from, start);
            net.Free(write(start, choice), end);
        }

        return end;
    }

    // The part of a reference is known by name before it is written: schemas may contain themselves.
    private int Reference(string pointer)
    {
        if (_references.TryGetValue(pointer, out int known))
            return known;
        JsonElement target = Find(pointer);
        int start = net.Add(), body = net.Add();
        _references.Add(pointer, start);
        net.Free(start, body);
        net.Free(Write(body, target), net.AddEnd());
        return start;
    }

    private JsonElement Find(string pointer)
    {
        if (!pointer.StartsWith('#'))
            throw new GrammarException($"the reference '{pointer}' leads out of the schema");
        JsonElement at = root;
        foreach (string step in pointer[1..].Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            string name = step.Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal);
            if (at.ValueKind != JsonValueKind.Object || !at.TryGetProperty(name, out at))
                throw new GrammarException($"the reference '{pointer}' leads nowhere");
        }

        return at;
    }

    private SchemaLayers Resolve(JsonElement schema)
    {
        for (int hops = 0; hops < DepthMax && schema.ValueKind == JsonValueKind.Object; hops++)
        {
            if (!schema.TryGetProperty("$ref", out JsonElement link))
                return new SchemaLayers(schema);
            schema = Find(Text(link, "$ref"));
        }

        throw new GrammarException("a part of a combined schema is no object");
    }

    private static int Count(SchemaLayers schema, string keyword, int fallback) =>
        !schema.TryGet(keyword, out JsonElement value) ? fallback
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int count) && count >= 0 ? count
        : throw new GrammarException($"'{keyword}' is no count");

    private static string Text(JsonElement value, string keyword) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw new GrammarException($"'{keyword}' is no text");

    private static byte[] Json(JsonElement value) => Json(value.WriteTo);

    private static byte[] Json(string text) => Json(writer => writer.WriteStringValue(text));

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(
            bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            write(writer);
        return bytes.WrittenSpan.ToArray();
    }
}
