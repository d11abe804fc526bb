using System.Net;
using System.Text.Json;
using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using FastMlx.Tests;
using FastMlx.Tests.Api;
using Xunit;

namespace FastMlx.EndToEnd.ClaudeCode;

/// <summary>The 28 requests with the structure of the real CLI's: each is answered 200 with a legal stream.</summary>
public sealed class FixtureTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly TestServer _server = fixture.Server;

    public static IEnumerable<TheoryDataRow<string>> Names()
    {
        string? folder = Repository.Shared is null ? null : Path.Combine(Repository.Shared, "claude-code", "fixtures");
        return folder is null
            ? [new TheoryDataRow<string>("none") { Skip = "../shared/claude-code/fixtures is not there." }]
            : Directory.GetFiles(folder, "*.json").Order(StringComparer.Ordinal)
                .Select(f => new TheoryDataRow<string>(Path.GetFileNameWithoutExtension(f)!));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Fixture_IsAnswered(string name)
    {
        using JsonDocument fixture = Load(name);
        JsonElement root = fixture.RootElement;
        string body = root.GetProperty("body").GetRawText();
        Answer answer = await _server.PostAsync(root.GetProperty("url").GetString()!, body);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        if (answer.Header("content-type")!.StartsWith("text/event-stream", StringComparison.Ordinal))
            Assert.Empty(StreamChecker.Check(answer.Text, root.GetProperty("body").GetProperty("model").GetString()));
        else
            Assert.True(answer.Json.TryGetProperty("content", out _) || answer.Json.TryGetProperty("input_tokens", out _));
    }

    /// <summary>What a turn leaves in the cache is what the next one begins with, token for token.</summary>
    [Theory]
    [InlineData("tool-loop-1", "tool-loop-2", "tool-loop-3", "tool-loop-4", "tool-loop-5")]
    [InlineData("tool-reference", "tool-reference-later")]
    public async Task EachTurn_ExtendsTheTokensOfTheOneBefore(params string[] turns)
    {
        Assert.SkipWhen(Repository.Shared is null, "../shared/claude-code/fixtures is not there.");
        int[]? last = null;
        foreach (string turn in turns)
        {
            ChatPrompt prompt = (await _server.Server.Models.Main.TextAsync()).Prompts.Build(Request(turn));
            if (last is not null)
            {
                int shared = prompt.Tokens.AsSpan().CommonPrefixLength(last);
                // The turn's own scaffold, behind its last message, is where the answer comes to stand.
                Assert.True(shared == last.Length, $"{turn} shares {shared} of {last.Length} tokens");
            }

            last = prompt.Tokens;
        }
    }

    private static ChatRequest Request(string name)
    {
        using JsonDocument fixture = Load(name);
        byte[] body = System.Text.Encoding.UTF8.GetBytes(fixture.RootElement.GetProperty("body").GetRawText());
        Assert.True(MessagesReader.TryRead(body, ReaderOptions.Default, out MessagesRequest? request, out _));
        return request!.Chat;
    }

    private static JsonDocument Load(string name) => JsonDocument.Parse(
        File.ReadAllBytes(Path.Combine(Repository.Shared!, "claude-code", "fixtures", name + ".json")));
}
