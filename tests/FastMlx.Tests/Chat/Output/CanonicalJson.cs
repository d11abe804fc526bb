using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;

namespace FastMlx.Tests.Chat.Output;

/// <summary>Equal JSON values give equal texts: members sorted, numbers by value.</summary>
internal static class CanonicalJson
{
    public static string Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(",", value.EnumerateObject()
            .OrderBy(member => member.Name, StringComparer.Ordinal)
            .Select(member => $"{JsonSerializer.Serialize(member.Name)}:{Of(member.Value)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(",", value.EnumerateArray().Select(Of)) + "]",
        JsonValueKind.Number => Number(value.GetRawText()),
        JsonValueKind.String => JsonSerializer.Serialize(value.GetString()),
        _ => value.GetRawText(),
    };

    private static string Number(string text) =>
        BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out BigInteger integer)
            ? integer.ToString(CultureInfo.InvariantCulture)
            : double.Parse(text, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
}
