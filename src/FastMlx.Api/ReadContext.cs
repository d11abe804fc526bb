namespace FastMlx.Api;

/// <summary>What the readers of one body share: options, problems, and checks of single fields.</summary>
internal sealed class ReadContext(ReaderOptions options)
{
    public Problems Problems { get; } = new();

    public bool IsStrict => options.Strict;

    public ReaderLimits Limits => options.Limits;

    public int CacheMarks { get; private set; }

    public bool WantsLongCache { get; private set; }

    /// <summary>Strict: unknown members are an error. Else they are counted.</summary>
    /// <param name="owner">The object.</param>
    /// <param name="path">Where it stands in this body, for errors.</param>
    /// <param name="place">Which kind of object it is, for counting.</param>
    /// <param name="known">Names that may stand there.</param>
    /// <param name="kind">What follows the path in errors: joined only when there is one.</param>
    public void CheckNames(JsonValue owner, string path, string place, string[] known, string kind = "")
    {
        foreach (JsonMember member in owner.Properties)
        {
            if (IsKnown(member.Name, known))
                continue;
            string name = member.Name.Text;
            if (IsStrict)
                Problems.Add(Join(Join(path, kind), name), "Extra inputs are not permitted");
            options.Unknown?.Add(place, name);
        }
    }

    public void CountUnknown(string place, string name) => options.Unknown?.Add(place, name);

    /// <summary>Cache marks do not reach the prompt; that they are there matters for the usage.</summary>
    public void NoteCacheMark(JsonValue owner)
    {
        JsonValue mark = owner["cache_control"u8];
        if (!mark.IsObject)
            return;
        CacheMarks++;
        WantsLongCache |= mark["ttl"u8].TextEquals("1h"u8);
    }

    /// <summary>A text that must be there; null after a problem was noted.</summary>
    public string? RequiredText(JsonValue owner, ReadOnlySpan<byte> name, string path)
    {
        JsonValue value = owner[name];
        if (value.IsString)
            return value.Text;
        Wrong(path, value, "Input should be a valid string");
        return null;
    }

    /// <summary>
    /// The same for `path.kind.name`, which is joined only where it is needed: once a block is often.
    /// </summary>
    public string? RequiredText(JsonValue owner, ReadOnlySpan<byte> name, string path, string kind)
    {
        JsonValue value = owner[name];
        return value.IsString
            ? value.Text
            : RequiredText(owner, name, Join(Join(path, kind), System.Text.Encoding.UTF8.GetString(name)));
    }

    /// <summary>Notes that a value is missing, or that it is not what should be there.</summary>
    public void Wrong(string path, JsonValue value, string expected) =>
        Problems.Add(path, value.Exists ? expected : "Field required");

    public string? OptionalText(JsonValue owner, ReadOnlySpan<byte> name, string path)
    {
        JsonValue value = owner[name];
        if (!value.IsNull && !value.IsString)
            Problems.Add(path, "Input should be a valid string");
        return value.TextOrNull;
    }

    public bool? OptionalBoolean(JsonValue owner, ReadOnlySpan<byte> name, string path)
    {
        JsonValue value = owner[name];
        if (value.IsNull)
            return null;
        if (!value.IsBoolean)
            Problems.Add(path, "Input should be a valid boolean");
        return value.IsTrue;
    }

    public long? OptionalInteger(JsonValue owner, ReadOnlySpan<byte> name, string path, long least)
    {
        JsonValue value = owner[name];
        if (value.IsNull)
            return null;
        if (!value.TryInteger(out long number))
            Problems.Add(path, "Input should be a valid integer");
        else if (number < least)
            Problems.Add(path, $"Input should be greater than or equal to {least}");
        return number;
    }

    /// <param name="owner">The object.</param>
    /// <param name="name">The member.</param>
    /// <param name="path">Where it stands, for errors.</param>
    /// <param name="least">The smallest number that is taken.</param>
    /// <param name="most">The largest.</param>
    /// <param name="told">The largest that an error names, where more is taken than promised.</param>
    public double? OptionalNumber(
        JsonValue owner, ReadOnlySpan<byte> name, string path, double least, double most, double? told = null)
    {
        JsonValue value = owner[name];
        if (value.IsNull)
            return null;
        if (!value.TryDouble(out double number))
            Problems.Add(path, "Input should be a valid number");
        else if (number < least || number > most)
            Problems.Add(path, FormattableString.Invariant($"range: {least}..{told ?? most}"));
        return number;
    }

    public static string Join(string path, string name) =>
        path.Length == 0 ? name : name.Length == 0 ? path : $"{path}.{name}";

    public static int Clamp(long value) => (int)Math.Clamp(value, int.MinValue, int.MaxValue);

    private static bool IsKnown(JsonValue name, string[] known)
    {
        foreach (string candidate in known)
        {
            if (name.TextEquals(candidate))
                return true;
        }
        return false;
    }
}
