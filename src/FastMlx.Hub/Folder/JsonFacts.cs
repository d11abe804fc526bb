using System.Text.Json;

namespace FastMlx.Hub;

/// <summary>Reads single facts from a JSON object; what is absent, null or of another kind is null.</summary>
internal static class JsonFacts
{
    public static JsonElement? Child(this JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out JsonElement child)
            && child.ValueKind != JsonValueKind.Null ? child : null;

    public static JsonElement? Object(this JsonElement parent, string name) =>
        parent.Child(name) is { ValueKind: JsonValueKind.Object } child ? child : null;

    public static int? Int(this JsonElement parent, string name) => parent.Child(name)?.AsInt();

    /// <summary>Whole numbers only, also when written as 1.0 or 1e5.</summary>
    public static int? AsInt(this JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number)
            return null;
        if (value.TryGetInt32(out int whole))
            return whole;
        return value.TryGetDouble(out double real) && real == Math.Floor(real) && Math.Abs(real) <= int.MaxValue
            ? (int)real : null;
    }

    public static double? Real(this JsonElement parent, string name) =>
        parent.Child(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double real)
            && double.IsFinite(real) ? real : null;

    public static bool? Bool(this JsonElement parent, string name) => parent.Child(name)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    public static string? Text(this JsonElement parent, string name) =>
        parent.Child(name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>One id or a list of ids; null where there is none.</summary>
    public static int[]? Ids(this JsonElement parent, string name)
    {
        if (parent.Child(name) is not { } value)
            return null;
        if (value.AsInt() is { } single)
            return single >= 0 ? [single] : null;
        if (value.ValueKind != JsonValueKind.Array)
            return null;
        int[] ids = [.. value.EnumerateArray().Select(e => e.AsInt() ?? -1).Where(id => id >= 0).Distinct()];
        return ids.Length > 0 ? ids : null;
    }
}
