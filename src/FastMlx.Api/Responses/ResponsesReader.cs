using System.Diagnostics.CodeAnalysis;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>Reads the body of POST /v1/responses. Pure functions, any thread; nothing of the body is kept.</summary>
public static class ResponsesReader
{
    private static readonly string[] Known =
    [
        "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "max_output_tokens",
            "temperature",
        "top_p", "stream", "stream_options", "store", "previous_response_id", "reasoning", "text", "truncation",
            "include",
        "metadata", "max_tool_calls", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier",
        "top_logprobs", "background", "user", "context_management", "presence_penalty", "frequency_penalty",
            "client_metadata",
        "top_k", "min_p", "seed", "chat_template_kwargs", "repetition_penalty", "repeat_penalty", "logit_bias",
        "min_tokens", "stop_token_ids",
    ];

    public static bool TryRead(
        ReadOnlyMemory<byte> body,
        ReaderOptions options,
        [NotNullWhen(true)] out ResponsesRequest? request,
        [NotNullWhen(false)] out ApiError? error)
    {
        request = null;
        using JsonTape? tape = JsonTape.Read(body, options.Limits, out string? problem);
        if (tape is null)
        {
            error = ApiErrors.Invalid(problem!);
            return false;
        }
        var context = new ReadContext(options with { Strict = false });
        ResponsesRequest read = ReadBody(tape.Root, context);
        error = context.Problems.Any ? context.Problems.ToError() : null;
        request = error is null ? read : null;
        return error is null;
    }

    private static ResponsesRequest ReadBody(JsonValue body, ReadContext context)
    {
        if (!body.IsObject)
            context.Problems.Add("", "The body must be a JSON object");
        context.CheckNames(body, "", "responses", Known);
        if (context.OptionalBoolean(body, "background"u8, "background") == true)
            context.Problems.Add("background", "background responses are not available on this server");
        string model = context.RequiredText(body, "model"u8, "model") ?? "";
        OpenAiTools.Result tools = OpenAiTools.Read(body, isFlat: true, context);
        string? instructions = context.OptionalText(body, "instructions"u8, "instructions");
        var items = new ResponseItems(model, context);
        items.Read(body["input"u8]);
        return new ResponsesRequest
        {
            Chat = ReadChat(body, model, instructions, tools, items, context),
            Stream = context.OptionalBoolean(body, "stream"u8, "stream") ?? false,
            Store = context.OptionalBoolean(body, "store"u8, "store") ?? true,
            PreviousResponseId = context.OptionalText(body, "previous_response_id"u8, "previous_response_id"),
            Instructions = instructions,
            IncludesReasoningHandle = Includes(body["include"u8], "reasoning.encrypted_content"u8),
            CacheKey = context.OptionalText(body, "prompt_cache_key"u8, "prompt_cache_key")
                ?? context.OptionalText(body, "user"u8, "user"),
            SafetyIdentifier = context.OptionalText(body, "safety_identifier"u8, "safety_identifier"),
            MaxToolCalls = context.OptionalInteger(body, "max_tool_calls"u8, "max_tool_calls", 1) is { } most
                ? ReadContext.Clamp(most) : null,
            TopLogprobs = ReadTopLogprobs(body, context),
            IncludesLogprobs = Includes(body["include"u8], "message.output_text.logprobs"u8),
            Truncation = context.OptionalText(body, "truncation"u8, "truncation") ?? "disabled",
            CustomTools = tools.Custom,
            ToolsJson = ResponseEcho.Tools(body["tools"u8]),
            ToolChoiceJson = Echo(body["tool_choice"u8], "\"auto\""),
            TextJson = ResponseEcho.Text(body["text"u8]),
            ReasoningJson = ResponseEcho.Reasoning(body["reasoning"u8]),
            MetadataJson = body["metadata"u8].IsObject ? body["metadata"u8].RawText : "{}",
            InputItems = items.Texts,
            UserItems = items.UserTexts,
        };
    }

    private static ChatRequest ReadChat(
        JsonValue body,
        string model,
        string? instructions,
        OpenAiTools.Result tools,
        ResponseItems items,
        ReadContext context)
    {
        List<ChatMessage> messages = [];
        string? head = Join(instructions, ServerTools.Note(tools.Unavailable));
        if (head is not null)
            messages.Add(ChatMessage.OfText(ChatRole.System, head));
        messages.AddRange(items.Messages);
        long? most = context.OptionalInteger(body, "max_output_tokens"u8, "max_output_tokens", 1);
        return new ChatRequest
        {
            Model = model,
            Messages = ToolPairs.Repair(messages),
            Tools = tools.Tools,
            ToolChoice = tools.Choice,
            ParallelToolCalls = context.OptionalBoolean(body, "parallel_tool_calls"u8, "parallel_tool_calls") ?? true,
            Thinking = OpenAiFields.ReadThinking(body, tools.Choice, context),
            Sampling = OpenAiFields.ReadSampling(body, context),
            MaxTokens = most is null ? null : ReadContext.Clamp(most.Value),
            ResponseSchemaJson = OpenAiFields.ReadFormat(body["text"u8]["format"u8], "text.format", context),
        };
    }

    private static int ReadTopLogprobs(JsonValue body, ReadContext context)
    {
        long? count = context.OptionalInteger(body, "top_logprobs"u8, "top_logprobs", 0);
        if (count > 20)
            context.Problems.Add("top_logprobs", "Input should be less than or equal to 20");
        return ReadContext.Clamp(count ?? 0);
    }

    private static string? Join(string? instructions, string? note) =>
        string.IsNullOrEmpty(instructions) ? note : note is null ? instructions : instructions + "\n\n" + note;

    private static bool Includes(JsonValue include, ReadOnlySpan<byte> name)
    {
        foreach (JsonValue item in include.Items)
        {
            if (item.TextEquals(name))
                return true;
        }
        return false;
    }

    private static string Echo(JsonValue value, string otherwise) => value.IsNull ? otherwise : value.RawText;
}
