using System.Text;
using System.Text.Json;
using FastMlx.Chat.Output;
using Xunit;

namespace FastMlx.Tests.Chat.Output;

public sealed class ValueCoercionTests
{
    private const string File = "value-coercion.jsonl";

    [Fact]
    public void Values_BecomeWhatTheirSchemaSays()
    {
        string? path = Vectors.Path(File);
        Assert.SkipUnless(path is not null, $"shared/corpora/{File} is not there: 68 values not run");
        List<string> failures = [];
        List<JsonElement> vectors = Vectors.Read(path!);
        foreach (JsonElement vector in vectors)
        {
            SchemaNode schema = SchemaCompiler.Compile(vector.GetProperty("schema").GetRawText());
            JsonElement raw = vector.GetProperty("raw");
            JsonValue value = raw.ValueKind == JsonValueKind.String
                ? ValueCoercion.FromText(Encoding.UTF8.GetBytes(raw.GetString()!), schema)
                : Coerced(raw, schema);
            Compare(vector, JsonText.ToString(value), failures);
            if (vector.TryGetProperty("json_pass", out _))
                Compare(vector, JsonText.ToString(Coerced(raw, schema)), failures);
        }
        Assert.True(failures.Count == 0, $"{vectors.Count - failures.Count}/{vectors.Count}\n" + string.Join("\n", failures));
    }

    private static JsonValue Coerced(JsonElement raw, SchemaNode schema) =>
        ValueCoercion.FromJson(LiteralReader.Parse(Encoding.UTF8.GetBytes(raw.GetRawText()))!, schema);

    private static void Compare(JsonElement vector, string actualJson, List<string> failures)
    {
        string expected = CanonicalJson.Of(vector.GetProperty("expected"));
        using JsonDocument actual = JsonDocument.Parse(actualJson);
        if (CanonicalJson.Of(actual.RootElement) != expected)
            failures.Add($"{vector.GetRawText()}\n   got {actualJson}");
    }
}
