using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FastMlx.EndToEnd.Host;
using FastMlx.Tests;

namespace FastMlx.EndToEnd.Demo;

/// <summary>
/// The demo model's held-out prompts through a running server at temperature 0: exact text, or exact calls.
/// </summary>
internal static class DemoEvaluation
{
    public static List<JsonElement> Rows() =>
    [
        .. File.ReadLines(Path.Combine(Repository.Root, "tests", "vectors", "demo-model", "eval.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement)
            // 26,000 tokens each: of these the goldens hold one.
            .Where(row => row.GetProperty("behaviour").GetString() != "long_system"),
    ];

    /// <summary>Passed and all, and a report with a line per behaviour and the failed ids.</summary>
    public static async Task<(int Passed, int Count, string Report)> RunAsync(
        TestServer server, IReadOnlyList<JsonElement> rows)
    {
        var failed = new List<string>();
        var passed = new SortedDictionary<string, (int Passed, int Count)>(StringComparer.Ordinal);
        foreach (JsonElement row in rows)
        {
            bool isRight = await IsRightAsync(server, row);
            string behaviour = row.GetProperty("behaviour").GetString()!;
            (int good, int all) = passed.GetValueOrDefault(behaviour);
            passed[behaviour] = (good + (isRight ? 1 : 0), all + 1);
            if (!isRight)
                failed.Add(row.GetProperty("id").GetString()!);
        }

        var report = new StringBuilder();
        foreach ((string name, (int good, int all)) in passed)
            report.AppendLine(CultureInfo.InvariantCulture, $"{name,-24} {good}/{all}");
        report.AppendLine(CultureInfo.InvariantCulture, $"total {rows.Count - failed.Count}/{rows.Count}");
        report.AppendLine("failed: " + string.Join(' ', failed));
        return (rows.Count - failed.Count, rows.Count, report.ToString());
    }

    private static async Task<bool> IsRightAsync(TestServer server, JsonElement row)
    {
        var body = new JsonObject
        {
            ["model"] = "demo",
            ["temperature"] = 0,
            ["max_tokens"] = 400,
            ["messages"] = JsonNode.Parse(row.GetProperty("messages").GetRawText()),
        };
        if (row.GetProperty("tools").ValueKind == JsonValueKind.Array)
            body["tools"] = JsonNode.Parse(row.GetProperty("tools").GetRawText());
        Answer answer = await server.PostAsync("/v1/chat/completions", body.ToJsonString());
        if (answer.Status != System.Net.HttpStatusCode.OK)
            throw new InvalidOperationException(row.GetProperty("id").GetString() + ": " + answer.Text);
        JsonElement message = answer.Json.GetProperty("choices")[0].GetProperty("message");
        string text = message.GetProperty("content").GetString() ?? "";
        JsonElement expected = row.GetProperty("expect");
        string wanted = expected.GetProperty("text").GetString()!.Trim();
        if (!expected.TryGetProperty("calls", out JsonElement calls))
            return text.Trim() == wanted && !message.TryGetProperty("tool_calls", out _);
        return message.TryGetProperty("tool_calls", out JsonElement made) && AreSame(calls, made)
            && text.Trim() == wanted[..wanted.IndexOf("<tool_call>", StringComparison.Ordinal)].Trim();
    }

    private static bool AreSame(JsonElement expected, JsonElement made)
    {
        if (expected.GetArrayLength() != made.GetArrayLength())
            return false;
        return expected.EnumerateArray().Zip(made.EnumerateArray()).All(pair =>
        {
            JsonElement function = pair.Second.GetProperty("function");
            return pair.First.GetProperty("name").GetString() == function.GetProperty("name").GetString()
                && JsonNode.DeepEquals(
                    JsonNode.Parse(pair.First.GetProperty("arguments").GetRawText()),
                    JsonNode.Parse(function.GetProperty("arguments").GetString()!));
        });
    }
}
