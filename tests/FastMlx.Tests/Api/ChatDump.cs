using System.Globalization;
using System.Text;
using System.Text.Json;
using FastMlx.Api;
using FastMlx.Chat;

namespace FastMlx.Tests.Api;

/// <summary>Requests as short lines for transcripts. Only what differs from the defaults is said.</summary>
internal static class ChatDump
{
    public static string Of(MessagesRequest request)
    {
        var text = new StringBuilder();
        Flag(text, "stream", request.Stream);
        Flag(text, $"display {request.Display}", request.Display != ThinkingDisplay.Summarized);
        Flag(text, "marks cache", request.MarksCache);
        Flag(text, "long cache", request.WantsLongCache);
        Flag(text, "reports context edits", request.ReportsContextEdits);
        Flag(text, $"user {request.UserId}", request.UserId is not null);
        Flag(text, $"session {request.SessionId}", request.SessionId is not null);
        Flag(text, $"direct answer: {request.DirectAnswer}", request.DirectAnswer is not null);
        Flag(text, $"unavailable {string.Join(", ", request.UnavailableTools)}", request.UnavailableTools.Count > 0);
        Flag(text, $"removed {string.Join(", ", request.RemovedTools)}", request.RemovedTools.Count > 0);
        return text + Of(request.Chat);
    }

    public static string Of(ChatCompletionRequest request)
    {
        var text = new StringBuilder();
        Flag(text, "stream", request.Stream);
        Flag(text, "includes usage", request.IncludesUsage);
        Flag(text, $"logprobs {request.TopLogprobs}", request.Logprobs);
        Flag(text, $"cache key {request.CacheKey}", request.CacheKey is not null);
        Flag(text, "ignores end", request.IgnoresEnd);
        Flag(text, "hides reasoning", !request.ShowsReasoning);
        return text + Of(request.Chat);
    }

    public static string Of(ResponsesRequest request)
    {
        var text = new StringBuilder();
        Flag(text, "stream", request.Stream);
        Flag(text, "not stored", !request.Store);
        Flag(text, $"follows {request.PreviousResponseId}", request.PreviousResponseId is not null);
        Flag(text, "includes reasoning handle", request.IncludesReasoningHandle);
        Flag(text, $"custom {string.Join(", ", request.CustomTools)}", request.CustomTools.Count > 0);
        return text + Of(request.Chat);
    }

    public static string Of(ChatRequest chat)
    {
        var text = new StringBuilder();
        text.Append("model ").AppendLine(chat.Model);
        Flag(text, $"max {chat.MaxTokens}", chat.MaxTokens is not null);
        Flag(text, "thinking" + Of(chat.Thinking), chat.Thinking != ThinkingOptions.Absent);
        Flag(text, "sampling" + Of(chat.Sampling), chat.Sampling != new SamplingOptions());
        Flag(text, $"stops {JsonSerializer.Serialize(chat.StopSequences)}", chat.StopSequences.Count > 0);
        Flag(text, $"schema {chat.ResponseSchemaJson}", chat.ResponseSchemaJson is not null);
        Flag(text, $"template {chat.TemplateArguments?.GetRawText()}", chat.TemplateArguments is not null);
        foreach (ToolDefinition tool in chat.Tools)
        {
            text.Append("tool ").Append(tool.Name).Append(tool.Deferred ? " deferred" : "").Append(tool.Strict ? " strict" : "")
                .Append(' ').Append(Quote(tool.Description)).Append(' ').AppendLine(tool.SchemaJson);
        }
        Flag(text, $"choice {chat.ToolChoice.Kind} {chat.ToolChoice.Name}".TrimEnd(), chat.ToolChoice != ToolChoice.Auto);
        Flag(text, "one call at a time", !chat.ParallelToolCalls);
        foreach (ChatMessage message in chat.Messages)
        {
            text.AppendLine(message.Role.ToString().ToLowerInvariant());
            AddParts(text, message.Parts, "  ");
        }
        Flag(text, "to be continued", chat.ContinueFinalMessage);
        return text.ToString();
    }

    private static string Of(ThinkingOptions thinking) =>
        (thinking.Enabled ? " on" : " off")
        + (thinking.BudgetTokens > 0 ? $" budget {thinking.BudgetTokens}" : "")
        + (thinking.Effort is null ? "" : $" effort {thinking.Effort}");

    private static string Of(SamplingOptions sampling) => string.Create(
        CultureInfo.InvariantCulture,
        $" t={sampling.Temperature} p={sampling.TopP} k={sampling.TopK} m={sampling.MinP} s={sampling.Seed}");

    private static void AddParts(StringBuilder text, IReadOnlyList<ContentPart> parts, string indent)
    {
        foreach (ContentPart part in parts)
        {
            text.Append(indent).AppendLine(part switch
            {
                TextPart plain => "text " + Quote(plain.Text),
                ThinkingPart thinking => $"thinking {Quote(thinking.Text)} signed {Quote(thinking.Signature)}",
                ToolCallPart call => $"call {call.Id} {call.Name} {call.ArgumentsJson}",
                ToolResultPart result => $"result {result.CallId}{(result.IsError ? " error" : "")}",
                ToolReferencePart reference => $"reference {reference.Name}",
                MediaPart media => $"media {media.MediaType} {Quote(media.Note)}",
                _ => throw new InvalidOperationException("unknown part " + part),
            });
            if (part is ToolResultPart nested)
                AddParts(text, nested.Content, indent + "  ");
        }
    }

    private static void Flag(StringBuilder text, string line, bool isSet)
    {
        if (isSet)
            text.AppendLine(line);
    }

    private static string Quote(string text) =>
        "\"" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
            .Replace("\n", "\\n", StringComparison.Ordinal) + "\"";
}
