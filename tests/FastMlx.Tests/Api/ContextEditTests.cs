using FastMlx.Api;
using FastMlx.Chat;
using Xunit;

namespace FastMlx.Tests.Api;

public sealed class ContextEditTests
{
    private static readonly string History = "[{\"role\":\"user\",\"content\":\"go\"}," + string.Join(',', Enumerable.Range(1, 4).Select(i =>
        $"{{\"role\":\"assistant\",\"content\":[{{\"type\":\"thinking\",\"thinking\":\"thought {i}\",\"signature\":\"s{i}\"}},{{\"type\":\"tool_use\","
            + $"\"id\":\"t{i}\",\"name\":\"n{i}\",\"input\":{{\"x\":{i}}}}}]}},"
        + $"{{\"role\":\"user\",\"content\":[{{\"type\":\"tool_result\",\"tool_use_id\":\"t{i}\",\"content\":\"{new string('r', 400)}\"}}]}}")) + "]";

    [Theory]
    [InlineData("{\"type\":\"clear_thinking_20251015\",\"keep\":\"all\"}", "1234")]
    [InlineData("{\"type\":\"clear_thinking_20251015\",\"keep\":{\"type\":\"thinking_turns\",\"value\":2}}", "34")]
    [InlineData("{\"type\":\"clear_thinking_20251015\"}", "4")]
    [InlineData("{\"type\":\"compact_20260112\"}", "1234")]
    public void ClearThinking_KeepsTheLastTurns(string edit, string kept)
    {
        MessagesRequest request = Read(edit);
        string left = string.Concat(request.Chat.Messages.SelectMany(message => message.Parts).OfType<ThinkingPart>().Select(part => part.Text[^1]));
        Assert.Equal(kept, left);
        Assert.Equal(4 - kept.Length, request.AppliedEdits.Sum(item => item.ThinkingTurns));
    }

    [Theory]
    [InlineData("\"trigger\":{\"type\":\"tool_uses\",\"value\":3},\"keep\":{\"type\":\"tool_uses\",\"value\":1}", "12 3", false)]
    [InlineData("\"trigger\":{\"type\":\"tool_uses\",\"value\":3}", "1", false)]
    [InlineData("\"trigger\":{\"type\":\"tool_uses\",\"value\":4},\"keep\":{\"type\":\"tool_uses\",\"value\":0}", "", false)]
    [InlineData("", "", false)]
    [InlineData("\"trigger\":{\"type\":\"input_tokens\",\"value\":100},\"keep\":{\"type\":\"tool_uses\",\"value\":2},\"clear_tool_inputs\":true", "12", true)]
    [InlineData("\"trigger\":{\"type\":\"tool_uses\",\"value\":1},\"keep\":{\"type\":\"tool_uses\",\"value\":0},\"exclude_tools\":[\"n2\",\"n3\"]", "1 4",
        false)]
    [InlineData("\"trigger\":{\"type\":\"tool_uses\",\"value\":1},\"clear_at_least\":{\"type\":\"input_tokens\",\"value\":5000}", "", false)]
    public void ClearToolUses_ReplacesTheOldestResults(string fields, string cleared, bool clearsInputs)
    {
        MessagesRequest request = Read("{\"type\":\"clear_tool_uses_20250919\"" + (fields.Length > 0 ? "," : "") + fields + "}");
        string[] ids = [.. request.Chat.Messages.SelectMany(message => message.Parts).OfType<ToolResultPart>()
            .Where(result => result.Content is [TextPart { Text: "[cleared to save context]" }]).Select(result => result.CallId[1..])];
        Assert.Equal(cleared.Replace(" ", "", StringComparison.Ordinal), string.Concat(ids));
        Assert.Equal(ids.Length, request.AppliedEdits.Sum(item => item.ToolUses));
        int empty = request.Chat.Messages.SelectMany(message => message.Parts).OfType<ToolCallPart>().Count(call => call.ArgumentsJson == "{}");
        Assert.Equal(clearsInputs ? ids.Length : 0, empty);
    }

    [Fact]
    public void AppliedEdits_AreReported()
    {
        MessagesRequest request = Read("{\"type\":\"clear_tool_uses_20250919\",\"trigger\":{\"type\":\"tool_uses\",\"value\":3}}");
        var frames = new Frames();
        var writer = new MessagesWriter(frames, new IdSource(1), request.ReplyOptions);
        writer.Start(new ReplyUsage(1, 0, 0, 1, 0));
        writer.Finish(StopReason.EndTurn, null, new ReplyUsage(1, 0, 0, 1, 0));
        Assert.Empty(StreamChecker.Check(frames.Text));
        Assert.Contains("\"applied_edits\":[{\"type\":\"clear_tool_uses_20250919\",\"cleared_tool_uses\":1,\"cleared_input_tokens\":93}]", frames.Text,
            StringComparison.Ordinal);
    }

    private static MessagesRequest Read(string edit) =>
        ApiBodies.Read(ApiBodies.Message($"\"context_management\":{{\"edits\":[{edit}]}},", History));
}
