using System.Text.Json;
using FastMlx.EndToEnd.Host;
using FastMlx.Tests;
using Xunit;

namespace FastMlx.EndToEnd.ClaudeCode;

/// <summary>
/// The main job on real input: the real CLI completes a turn and a tool loop on the embedded demo model. Its prompts
/// are spelled as the model's evaluation spells them; it is a demonstration, not an assistant.
/// </summary>
public sealed class DemoModelTests
{
    [Fact]
    public async Task PlainQuestion_IsAnswered()
    {
        (JsonElement result, _) = await RunAsync("What is MLX?");
        Assert.Contains("Apple", result.GetProperty("result").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadAFile_IsAToolLoop()
    {
        (JsonElement result, string output) = await RunAsync("show me the file notes.txt");
        Assert.Contains("\"tool_use\"", output, StringComparison.Ordinal);
        Assert.Contains("\"tool_result\"", output, StringComparison.Ordinal);
        Assert.Contains("buy milk", result.GetProperty("result").GetString(), StringComparison.Ordinal);
    }

    private static async Task<(JsonElement Result, string Output)> RunAsync(string prompt)
    {
        string binary = await ClaudeBinary.FindAsync();
        await using TestServer server = await TestServer.DemoAsync();
        string root = TestServer.NewHome();
        string project = Directory.CreateDirectory(Path.Combine(root, "proj")).FullName;
        string home = Directory.CreateDirectory(Path.Combine(root, "home")).FullName;
        File.WriteAllText(Path.Combine(project, "notes.txt"), "buy milk\n");
        (int code, string output) = await Tool.RunAsync(
            binary,
            ["-p", prompt, "--output-format", "stream-json", "--verbose", "--dangerously-skip-permissions"],
            project, TimeSpan.FromMinutes(8), Settings(server.Url, home));
        Directory.Delete(root, recursive: true);
        Assert.True(code == 0, output);
        JsonElement result = output.Split('\n').Where(l => l.StartsWith('{'))
            .Select(l => JsonDocument.Parse(l).RootElement).Last(e => e.GetProperty("type").GetString() == "result");
        Assert.False(result.GetProperty("is_error").GetBoolean(), output);
        return (result, output);
    }

    private static (string Name, string Value)[] Settings(string url, string home) =>
    [
        ("HOME", home), ("IS_SANDBOX", "1"), ("ANTHROPIC_BASE_URL", url), ("ANTHROPIC_API_KEY", "dummy"),
        ("ANTHROPIC_MODEL", "local-main"), ("ANTHROPIC_DEFAULT_HAIKU_MODEL", "local-main"),
        ("DISABLE_TELEMETRY", "1"), ("DISABLE_ERROR_REPORTING", "1"), ("DISABLE_AUTOUPDATER", "1"),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"), ("CLAUDE_CODE_ATTRIBUTION_HEADER", "0"),
        ("CLAUDE_CODE_MAX_OUTPUT_TOKENS", "4096"), ("API_TIMEOUT_MS", "1800000"),
        ("CLAUDE_STREAM_IDLE_TIMEOUT_MS", "1800000"),
    ];
}
