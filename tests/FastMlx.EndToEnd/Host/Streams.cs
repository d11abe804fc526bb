using System.Net;
using System.Text.Json;
using FastMlx.Tests.Api;
using Xunit;

namespace FastMlx.EndToEnd.Host;

/// <summary>Requests whose streams are checked, each of them.</summary>
internal static class Streams
{
    /// <summary>The data of the events of a legal Messages stream.</summary>
    public static async Task<List<JsonElement>> MessagesAsync(
        this TestServer server, string json, params (string Name, string Value)[] headers)
    {
        Answer answer = await server.PostAsync("/v1/messages", json, headers);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        Assert.StartsWith("text/event-stream", answer.Header("content-type"), StringComparison.Ordinal);
        Assert.Empty(StreamChecker.Check(answer.Text, "m"));
        return Data(answer.Text);
    }

    public static List<JsonElement> Data(string stream)
    {
        List<string> violations = [];
        return [.. SseEvent.Parse(stream, violations)
            .Where(e => !e.IsComment && e.Data != "[DONE]").Select(e => JsonDocument.Parse(e.Data!).RootElement)];
    }

    public static string Type(this JsonElement data) => data.GetProperty("type").GetString()!;

    /// <summary>All text of a Messages stream.</summary>
    public static string Text(this IEnumerable<JsonElement> events) => Joined(events, "text_delta", "text");

    public static string Thinking(this IEnumerable<JsonElement> events) => Joined(events, "thinking_delta", "thinking");

    public static string Input(this IEnumerable<JsonElement> events) =>
        Joined(events, "input_json_delta", "partial_json");

    public static JsonElement End(this IEnumerable<JsonElement> events) => events.Single(e => e.Type() == "message_delta");

    public static string? StopReason(this IEnumerable<JsonElement> events) =>
        events.End().GetProperty("delta").GetProperty("stop_reason").GetString();

    /// <summary>The types of the blocks, in order.</summary>
    public static List<string> Blocks(this IEnumerable<JsonElement> events) =>
        [.. events.Where(e => e.Type() == "content_block_start").Select(e => e.GetProperty("content_block").Type())];

    private static string Joined(IEnumerable<JsonElement> events, string type, string field) => string.Concat(events
        .Where(e => e.Type() == "content_block_delta" && e.GetProperty("delta").Type() == type)
        .Select(e => e.GetProperty("delta").GetProperty(field).GetString()));
}
