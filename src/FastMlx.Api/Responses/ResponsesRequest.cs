using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>A POST /v1/responses in the domain's words, with what its answer repeats.</summary>
public sealed record ResponsesRequest
{
    public required ChatRequest Chat { get; init; }

    public string Model => Chat.Model;

    public bool Stream { get; init; }

    /// <summary>The response may be asked for again, and named by another request.</summary>
    public bool Store { get; init; } = true;

    /// <summary>The conversation so far is that response's: see <see cref="Following"/>.</summary>
    public string? PreviousResponseId { get; init; }

    public string? Instructions { get; init; }

    /// <summary>`include` asks for reasoning.encrypted_content: reasoning items carry our handle.</summary>
    public bool IncludesReasoningHandle { get; init; }

    public string? CacheKey { get; init; }

    public string? SafetyIdentifier { get; init; }

    public int? MaxToolCalls { get; init; }

    /// <summary>Alternatives per token, 0 to 20.</summary>
    public int TopLogprobs { get; init; }

    /// <summary>`include` asks for message.output_text.logprobs.</summary>
    public bool IncludesLogprobs { get; init; }

    /// <summary>Log-probabilities of the answer's text are wanted.</summary>
    public bool Logprobs => IncludesLogprobs || TopLogprobs > 0;

    /// <summary>auto or disabled, as sent.</summary>
    public string Truncation { get; init; } = "disabled";

    /// <summary>Names whose calls are custom_tool_call items.</summary>
    public IReadOnlyList<string> CustomTools { get; init; } = [];

    // JSON as it is to be repeated in the response object.
    public string ToolsJson { get; init; } = "[]";
    public string ToolChoiceJson { get; init; } = "\"auto\"";
    public string TextJson { get; init; } = "{\"format\":{\"type\":\"text\"}}";
    public string ReasoningJson { get; init; } = "null";
    public string MetadataJson { get; init; } = "{}";

    /// <summary>The input's items as JSON objects, for GET …/input_items.</summary>
    public IReadOnlyList<string> InputItems { get; init; } = [];

    /// <summary>Those of them that are the user's messages.</summary>
    public IReadOnlyList<string> UserItems { get; init; } = [];

    /// <summary>
    /// The same request behind the messages of an earlier response; this one's instructions stay in front.
    /// </summary>
    public ResponsesRequest Following(IReadOnlyList<ChatMessage> earlier)
    {
        int head = Chat.Messages is [{ Role: ChatRole.System }, ..] && !string.IsNullOrEmpty(Instructions) ? 1 : 0;
        List<ChatMessage> messages = [.. Chat.Messages.Take(head), .. earlier, .. Chat.Messages.Skip(head)];
        return this with { Chat = Chat with { Messages = ToolPairs.Repair(messages) } };
    }
}
