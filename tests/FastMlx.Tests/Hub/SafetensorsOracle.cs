using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace FastMlx.Tests.Hub;

/// <summary>
/// The rules of the format, written slowly and differently: a document, big integers, one flag per byte.
/// </summary>
internal static class SafetensorsOracle
{
    private static readonly Dictionary<string, int> Bits = new()
    {
        ["BOOL"] = 8,
        ["F4"] = 4,
        ["F6_E2M3"] = 6,
        ["F6_E3M2"] = 6,
        ["U8"] = 8,
        ["I8"] = 8,
        ["F8_E5M2"] = 8,
        ["F8_E4M3"] = 8,
        ["F8_E8M0"] = 8,
        ["F8_E4M3FNUZ"] = 8,
        ["F8_E5M2FNUZ"] = 8,
        ["I16"] = 16,
        ["U16"] = 16,
        ["F16"] = 16,
        ["BF16"] = 16,
        ["I32"] = 32,
        ["U32"] = 32,
        ["F32"] = 32,
        ["C64"] = 64,
        ["F64"] = 64,
        ["I64"] = 64,
        ["U64"] = 64,
    };

    public static bool Accepts(byte[] file)
    {
        if (file.Length < 10)
            return false;
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file);
        if (length > 100_000_000 || length > (ulong)file.Length - 8 || length == 0 || file[8] != '{')
            return false;
        try
        {
            var options = new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 4 };
            using JsonDocument document = JsonDocument.Parse(file.AsMemory(8, (int)length), options);
            return Accepts(document.RootElement, file.Length - 8 - (int)length);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private static bool Accepts(JsonElement root, int dataBytes)
    {
        var owned = new bool[dataBytes];
        var ranges = new List<(int Begin, int End)>();
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name == "__metadata__")
            {
                if (!IsMetadata(property.Value))
                    return false;
                continue;
            }
            if (Encoding.UTF8.GetByteCount(property.Name) is 0 or > 512 || property.Name.Contains('\0')
                || Range(property.Value, dataBytes) is not { } range)
                return false;
            ranges.Add(range);
            for (int i = range.Begin; i < range.End; i++)
            {
                if (owned[i])
                    return false;
                owned[i] = true;
            }
        }
        // An empty tensor must sit between others, not inside one.
        bool emptiesFit = ranges.Where(r => r.Begin == r.End)
            .All(e => !ranges.Any(r => r.Begin < e.Begin && e.Begin < r.End));
        return emptiesFit && owned.All(o => o);
    }

    private static bool IsMetadata(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Object)
            return false;
        foreach (JsonProperty property in value.EnumerateObject())
        {
            // Reading is what finds bad text.
            if (property.Name.Length < 0 || property.Value.ValueKind != JsonValueKind.String
                || property.Value.GetString() is null)
                return false;
        }
        return true;
    }

    private static (int Begin, int End)? Range(JsonElement entry, int dataBytes)
    {
        if (entry.ValueKind != JsonValueKind.Object
            || !entry.EnumerateObject().Select(p => p.Name).Order().SequenceEqual(["data_offsets", "dtype", "shape"]))
            return null;
        JsonElement dtype = entry.GetProperty("dtype"), shape = entry.GetProperty("shape");
        JsonElement offsets = entry.GetProperty("data_offsets");
        // The format's names are plain ASCII; an escaped spelling is not one of them.
        if (dtype.ValueKind != JsonValueKind.String || !Bits.TryGetValue(dtype.GetRawText().Trim('"'), out int bits)
            || shape.ValueKind != JsonValueKind.Array || offsets.ValueKind != JsonValueKind.Array
            || shape.GetArrayLength() > 8 || offsets.GetArrayLength() != 2)
            return null;
        BigInteger product = 1, ones = 1;
        foreach (JsonElement dim in shape.EnumerateArray())
        {
            if (Whole(dim) is not { } value || value > int.MaxValue)
                return null;
            product *= value;
            ones *= BigInteger.Max(value, 1);
            if (ones > long.MaxValue / 64)
                return null;
        }
        if (Whole(offsets[0]) is not { } begin || Whole(offsets[1]) is not { } end || begin > end || end > dataBytes
            || product * bits != (end - begin) * 8)
            return null;
        return ((int)begin, (int)end);
    }

    private static BigInteger? Whole(JsonElement number) =>
        number.ValueKind == JsonValueKind.Number && number.GetRawText().All(char.IsAsciiDigit)
            ? BigInteger.Parse(number.GetRawText(), System.Globalization.CultureInfo.InvariantCulture) : null;
}
