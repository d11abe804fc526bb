using System.Diagnostics;
using System.Text;
using System.Text.Json;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

/// <summary>
/// Bodies made to hurt (reliability.md §1 and §4): no exception but an answer, no time without bound, no memory of many
/// times the input. Larger runs: raise <see cref="Mutations"/>.
/// </summary>
public sealed class RobustnessTests
{
    private const int Mutations = 1_500;
    private const int Seed = 20261124;

    private static readonly string[] Samples =
    [
        ApiBodies.Message("\"system\":[{\"type\":\"text\",\"text\":\"s\"}],\"tools\":[{\"name\":\"a\",\"input_schema\":{\"type\":\"object\"}}],"
            + "\"tool_choice\":{\"type\":\"tool\",\"name\":\"a\"},\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":5},\"stop_sequences\":[\"x\"],"
            + "\"metadata\":{\"user_id\":\"{\\\"session_id\\\":\\\"1\\\"}\"},\"context_management\":{\"edits\":[{\"type\":\"clear_tool_uses_20250919\","
            + "\"trigger\":{\"type\":\"tool_uses\",\"value\":0},\"keep\":{\"type\":\"tool_uses\",\"value\":0}}]},",
            "[{\"role\":\"user\",\"content\":\"\\ud83d\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"thinking\",\"thinking\":\"t\","
                + "\"signature\":\"s\"},{\"type\":\"tool_use\",\"id\":\"1\",\"name\":\"a\",\"input\":{\"k\":[1,2]}}]},{\"role\":\"user\","
                + "\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"1\",\"content\":[{\"type\":\"document\",\"source\":{\"type\":\"base64\","
                + "\"media_type\":\"application/pdf\",\"data\":\"JVBERi0xLjQK\"}},{\"type\":\"tool_reference\",\"tool_name\":\"a\"}]}]},"
                + "{\"role\":\"system\",\"content\":[{\"type\":\"tool_addition\",\"tool\":{\"type\":\"tool_reference\",\"name\":\"a\"}}],"
                + "\"clear_at\":\"never\"}]"),
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":\"file\","
            + "\"file\":{\"file_data\":\"data:text/plain;base64,aGk=\"}}]},{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":\"1\","
            + "\"type\":\"function\",\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},{\"role\":\"tool\",\"tool_call_id\":\"1\",\"content\":\"r\"}],"
            + "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\",\"parameters\":{}}}],\"response_format\":{\"type\":\"json_schema\","
            + "\"json_schema\":{\"schema\":{}}},\"stop\":[\"a\"]}",
        "{\"model\":\"m\",\"input\":[{\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":\"input_text\",\"text\":\"x\"}]},"
            + "{\"type\":\"reasoning\",\"summary\":[{\"text\":\"s\"}]},{\"type\":\"function_call\",\"call_id\":\"1\",\"name\":\"f\",\"arguments\":\"{}\"},"
            + "{\"type\":\"function_call_output\",\"call_id\":\"1\",\"output\":\"o\"}],\"text\":{\"format\":{\"type\":\"text\"}},"
            + "\"reasoning\":{\"effort\":\"low\"},\"tools\":[{\"type\":\"custom\",\"name\":\"c\"}]}",
        "{\"model\":\"m\",\"prompt\":[[1,2],[3]],\"max_tokens\":1,\"stop\":\"x\"}",
        "{\"requests\":[{\"custom_id\":\"a\",\"params\":{\"model\":\"m\"}}]}",
    ];

    [Fact]
    public void EveryPrefixOfEveryBody_IsAnswered() => Assert.All(Samples, sample =>
    {
        byte[] bytes = Encoding.UTF8.GetBytes(sample);
        for (int i = 0; i <= bytes.Length; i++)
            ReadAll(bytes.AsMemory(0, i));
    });

    [Fact]
    public void MutatedBodies_AreAnswered()
    {
        var random = new Random(Seed);
        string[] pieces = ["{", "}", "[", "]", "\"", ",", ":", "null", "true", "1e999", "-1", "\\ud800", "\"type\"", "\"content\"", "\"text\"", "{}", "[]",
            "\u00FF", "9999999999999999999", "\\"];
        for (int i = 0; i < Mutations; i++)
        {
            var body = new StringBuilder(Samples[i % Samples.Length]);
            for (int edits = random.Next(1, 6); edits > 0; edits--)
            {
                int at = random.Next(body.Length);
                int length = Math.Min(random.Next(12), body.Length - at);
                body.Remove(at, length).Insert(at, pieces[random.Next(pieces.Length)]);
            }
            ReadAll(Encoding.Latin1.GetBytes(body.ToString()));
            ReadAll(Encoding.UTF8.GetBytes(body.ToString()));
        }
    }

    [Fact]
    public void ValuesOfEveryTypeInEveryPlace_AreAnswered()
    {
        string[] values = ["null", "0", "-1", "1.5", "\"\"", "\"x\"", "true", "[]", "{}", "[null]", "[[]]", "{\"type\":\"text\"}", "[{\"type\":null}]"];
        foreach (string sample in Samples)
        {
            using var document = JsonDocument.Parse(sample);
            foreach (string path in Paths(document.RootElement, ""))
            {
                foreach (string value in values)
                    ReadAll(Encoding.UTF8.GetBytes(Replace(document.RootElement, "", path, value)));
            }
        }
    }

    [Fact]
    public void Bombs_AreRefusedOrReadInBoundedTimeAndMemory()
    {
        foreach ((string name, string body, bool isRead) in Bombs())
            AssertBounded(name, Encoding.UTF8.GetBytes(body), isRead);
    }

    private static void AssertBounded(string name, byte[] body, bool isRead)
    {
        Warm();
        long before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        bool wasRead = MessagesReader.TryRead(body, ReaderOptions.Default, out _, out ApiError? error);
        Assert.True(wasRead == isRead, $"{name}: {error?.Message}");
        Assert.True(error is null or { Status: 400 });
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before <= 8L * body.Length + (1 << 20), name + ": memory");
        // A machine that builds at the same time is slow: the bound is far above a run (0.1 s) and far below a hang.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{name}: {watch.Elapsed}");
    }

    [Fact]
    public void BombsForTheOtherReaders_TakeLinearTime()
    {
        string results = string.Concat(Enumerable.Range(0, 19_000).Select(i => $",{{\"role\":\"tool\",\"tool_call_id\":\"{i}\",\"content\":\"r\"}}"));
        string functions = string.Join(',', Enumerable.Range(0, 30_000).Select(i => $"{{\"type\":\"function\",\"function\":{{\"name\":\"f{i}\"}}}}"));
        string items = string.Join(',', Enumerable.Range(0, 19_000).Select(i => $"{{\"type\":\"function_call\",\"call_id\":\"{i}\",\"name\":\"f\","
            + $"\"arguments\":\"\"}}"));
        string removals = string.Join(',', Enumerable.Range(0, 50_000).Select(i => $"{{\"type\":\"tool_removal\",\"tool\":{{\"name\":\"f{i}\"}}}}"));
        string[] bodies =
        [
            $"{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"x\"}}{results}]}}",
            $"{{\"model\":\"m\",\"messages\":[{{\"role\":\"user\",\"content\":\"x\"}}],\"tools\":[{functions}]}}",
            $"{{\"model\":\"m\",\"input\":[{items}]}}",
            ApiBodies.Message("", $"[{{\"role\":\"user\",\"content\":\"x\"}},{{\"role\":\"system\",\"content\":[{removals}]}}]"),
        ];
        foreach (string body in bodies)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(body);
            long before = GC.GetAllocatedBytesForCurrentThread();
            ReadAll(bytes);
            // Seven readings of it.
            Assert.True(GC.GetAllocatedBytesForCurrentThread() - before <= 7 * (16L * bytes.Length + (1 << 20)), body[..60]);
        }
    }

    private static IEnumerable<(string Name, string Body, bool IsRead)> Bombs()
    {
        yield return ("deep arrays", new string('[', 1_000_000), false);
        yield return ("deep objects", string.Concat(Enumerable.Repeat("{\"a\":", 500_000)), false);
        yield return ("depth 129 in a schema", ApiBodies.Message(Tool(Nested(125))), false);
        yield return ("schema deeper than 32", ApiBodies.Message(Tool(Nested(70))), false);
        yield return ("schema of 32", ApiBodies.Message(Tool(Nested(60))), true);
        yield return ("millions of arrays", "[" + string.Concat(Enumerable.Repeat("[],", 4_000_000)) + "[]]", false);
        yield return ("wide tool input", ApiBodies.Message("", Loop("{\"a\":[" + string.Join(',', Enumerable.Repeat("1", 400_000)) + "]}")), true);
        yield return ("too wide tool input", ApiBodies.Message("", Loop("{\"a\":[" + string.Join(',', Enumerable.Repeat("1", 600_000)) + "]}")), false);
        yield return ("20,001 messages", ApiBodies.Message("", "[" + string.Join(',', Enumerable.Repeat("{\"role\":\"user\",\"content\":\"x\"}",
            20_001)) + "]"), false);
        yield return ("20,000 messages", ApiBodies.Message("", "[" + string.Join(',', Enumerable.Repeat("{\"role\":\"user\",\"content\":\"x\"}",
            20_000)) + "]"), true);
        yield return ("513 tools", ApiBodies.Message("\"tools\":[" + string.Join(',', Enumerable.Range(0, 513).Select(i => $"{{\"name\":\"t{i}\","
            + $"\"input_schema\":{{\"type\":\"object\"}}}}")) + "],"), false);
        yield return ("512 tools", ApiBodies.Message("\"tools\":[" + string.Join(',', Enumerable.Range(0, 512).Select(i => $"{{\"name\":\"t{i}\","
            + $"\"input_schema\":{{\"type\":\"object\"}}}}")) + "],"), true);
        yield return ("a long text", ApiBodies.Message("", "[{\"role\":\"user\",\"content\":\"" + new string('x', 8_000_000) + "\"}]"), true);
        yield return ("a text of escapes", ApiBodies.Message("", "[{\"role\":\"user\",\"content\":\"" + string.Concat(Enumerable.Repeat("\\ud83d",
            1_000_000)) + "\"}]"), true);
        yield return ("backslashes", ApiBodies.Message("", "[{\"role\":\"user\",\"content\":\"" + new string('\\', 4_000_000) + "\"}]"), true);
        yield return ("a long number", ApiBodies.Message($"\"temperature\":1{new string('0', 1_000_000)},"), false);
        yield return ("many names", ApiBodies.Message(string.Concat(Enumerable.Range(0, 200_000).Select(i => $"\"x{i}\":1,"))), true);
        yield return ("one name many times", ApiBodies.Message(string.Concat(Enumerable.Repeat("\"messages\":[],", 200_000))), true);
        yield return ("17 stop sequences", ApiBodies.Message("\"stop_sequences\":[" + string.Join(',', Enumerable.Repeat("\"x\"", 17)) + "],"), false);
        yield return ("a long stop sequence", ApiBodies.Message($"\"stop_sequences\":[\"{new string('x', 257)}\"],"), false);
        yield return ("many open calls", ApiBodies.Message("", Calls(5_000)), true);
    }

    [Fact]
    public void UnknownFields_HoldABoundedNumberOfNames()
    {
        var unknown = new UnknownFields();
        var options = new ReaderOptions { Unknown = unknown };
        byte[] body = Encoding.UTF8.GetBytes(ApiBodies.Message(string.Concat(Enumerable.Range(0, 10_000).Select(i => $"\"x\\n{i}\":1,"))));
        Assert.True(MessagesReader.TryRead(body, options, out _, out _));
        Assert.True(unknown.Counts.Count <= UnknownFields.NamesMax + 1);
        Assert.Equal(10_000, unknown.Counts.Values.Sum());
        Assert.All(unknown.Counts.Keys, name => Assert.DoesNotContain('\n', name));
    }

    [Fact]
    public void UnknownFields_AreToldOnceByName()
    {
        var seen = new List<string>();
        var options = new ReaderOptions { Unknown = new UnknownFields(seen.Add) };
        byte[] body = Encoding.UTF8.GetBytes(ApiBodies.Message("\"novel\":1,"));
        for (int i = 0; i < 3; i++)
            Assert.True(MessagesReader.TryRead(body, options, out _, out _));
        Assert.Equal(["novel"], seen);
    }

    private static void ReadAll(ReadOnlyMemory<byte> body)
    {
        var strict = new ReaderOptions { Strict = true, Unknown = new UnknownFields() };
        Check(MessagesReader.TryRead(body, ReaderOptions.Default, out _, out ApiError? error), error);
        Check(MessagesReader.TryRead(body, strict, out _, out error), error);
        Check(MessagesReader.TryReadCount(body, ReaderOptions.Default, out _, out error), error);
        Check(ChatCompletionReader.TryRead(body, ReaderOptions.Default, out _, out error), error);
        Check(CompletionReader.TryRead(body, ReaderOptions.Default, out _, out error), error);
        Check(ResponsesReader.TryRead(body, ReaderOptions.Default, out _, out error), error);
        Check(BatchReader.TryRead(body, ReaderOptions.Default, out _, out error), error);
    }

    private static void Check(bool isRead, ApiError? error) => Assert.True(isRead ? error is null : error is { Status: 400, Message.Length: > 0 });

    private static void Warm() => MessagesReader.TryRead(Encoding.UTF8.GetBytes(ApiBodies.Message()), ReaderOptions.Default, out _, out _);

    private static string Tool(string schema) => $"\"tools\":[{{\"name\":\"a\",\"input_schema\":{schema}}}],";

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "{}" + new string('}', depth);

    private static string Loop(string input) => "[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
        + "\"id\":\"1\",\"name\":\"a\",\"input\":"
        + input + "}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"1\",\"content\":\"r\"}]}]";

    private static string Calls(int count) => "[{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"content\":["
        + string.Join(',', Enumerable.Range(0, count).Select(i =>
        $"{{\"type\":\"tool_use\",\"id\":\"{i}\",\"name\":\"a\",\"input\":{{}}}}")) + "]},{\"role\":\"user\",\"content\":["
        + string.Join(',', Enumerable.Range(0, count).Select(i => $"{{\"type\":\"tool_result\",\"tool_use_id\":\"{count - i}\",\"content\":\"r\"}}")) + "]}]";

    private static IEnumerable<string> Paths(JsonElement element, string path)
    {
        yield return path;
        if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty member in element.EnumerateObject())
            {
                foreach (string inner in Paths(member.Value, $"{path}/{member.Name}"))
                    yield return inner;
            }
        }
        else if (element.ValueKind == JsonValueKind.Array)
        {
            int index = 0;
            foreach (JsonElement item in element.EnumerateArray())
            {
                foreach (string inner in Paths(item, $"{path}/{index++}"))
                    yield return inner;
            }
        }
    }

    private static string Replace(JsonElement element, string path, string target, string value)
    {
        if (path == target)
            return value;
        if (!target.StartsWith(path + "/", StringComparison.Ordinal))
            return element.GetRawText();
        return element.ValueKind == JsonValueKind.Object
            ? "{" + string.Join(',', element.EnumerateObject().Select(member =>
                $"\"{member.Name}\":{Replace(member.Value, $"{path}/{member.Name}", target, value)}")) + "}"
            : "[" + string.Join(',', element.EnumerateArray().Select((item, index) => Replace(item, $"{path}/{index}", target, value))) + "]";
    }
}
