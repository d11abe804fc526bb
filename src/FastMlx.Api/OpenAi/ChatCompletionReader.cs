using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Reads the body of POST /v1/chat/completions. Liberal as local servers are: system anywhere, null contents,
/// arguments as objects. Pure functions, any thread; nothing of the body is kept.
/// </summary>
public static class ChatCompletionReader
{
    public static bool TryRead(
        ReadOnlyMemory<byte> body,
        ReaderOptions options,
        [NotNullWhen(true)] out ChatCompletionRequest? request,
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
        ChatCompletionRequest read = ReadBody(tape.Root, context);
        error = context.Problems.Any ? context.Problems.ToError() : null;
        request = error is null ? read : null;
        return error is null;
    }

    private static ChatCompletionRequest ReadBody(JsonValue body, ReadContext context)
    {
        if (!body.IsObject)
            context.Problems.Add("", "The body must be a JSON object");
        context.CheckNames(body, "", "chat", OpenAiFields.ChatBody);
        ReadChoices(body, context);
        bool stream = context.OptionalBoolean(body, "stream"u8, "stream") ?? false;
        bool logprobs = context.OptionalBoolean(body, "logprobs"u8, "logprobs") ?? false;
        return new ChatCompletionRequest
        {
            Chat = ReadChat(body, context),
            Stream = stream,
            IncludesUsage = stream && body["stream_options"u8]["include_usage"u8].IsTrue,
            Logprobs = logprobs,
            TopLogprobs = ReadTopLogprobs(body, logprobs, context),
            IgnoresEnd = context.OptionalBoolean(body, "ignore_eos"u8, "ignore_eos") ?? false,
            CacheKey = context.OptionalText(body, "prompt_cache_key"u8, "prompt_cache_key")
                ?? context.OptionalText(body, "user"u8, "user"),
            ShowsReasoning = context.OptionalBoolean(body, "include_reasoning"u8, "include_reasoning") ?? true,
        };
    }

    private static ChatRequest ReadChat(JsonValue body, ReadContext context)
    {
        string model = context.RequiredText(body, "model"u8, "model") ?? "";
        OpenAiTools.Result tools = OpenAiTools.Read(body, isFlat: false, context);
        List<ChatMessage> messages = OpenAiMessages.Read(body["messages"u8], model, context);
        AddNote(messages, ServerTools.Note(tools.Unavailable));
        return new ChatRequest
        {
            Model = model,
            Messages = messages,
            Tools = tools.Tools,
            ToolChoice = tools.Choice,
            ParallelToolCalls = context.OptionalBoolean(body, "parallel_tool_calls"u8, "parallel_tool_calls") ?? true,
            Thinking = OpenAiFields.ReadThinking(body, tools.Choice, context),
            Sampling = OpenAiFields.ReadSampling(body, context),
            MaxTokens = ReadMaxTokens(body, context),
            StopSequences = OpenAiFields.ReadStop(body["stop"u8], context),
            ResponseSchemaJson = OpenAiFields.ReadFormat(body["response_format"u8], "response_format", context)
                ?? ReadPlainSchema(body, context),
            TemplateArguments = ReadTemplateArguments(body, context),
            ContinueFinalMessage = Continues(body, messages, context),
        };
    }

    private static void AddNote(List<ChatMessage> messages, string? note)
    {
        if (note is null)
            return;
        if (messages is [{ Role: ChatRole.System } head, ..])
            messages[0] = head with { Parts = [.. head.Parts, new TextPart(note)] };
        else
            messages.Insert(0, ChatMessage.OfText(ChatRole.System, note));
    }

    private static void ReadChoices(JsonValue body, ReadContext context)
    {
        long? count = context.OptionalInteger(body, "n"u8, "n", 1);
        if (count > 1)
            context.Problems.Add("n", "this server makes one choice per request: n must be 1");
    }

    private static int ReadTopLogprobs(JsonValue body, bool logprobs, ReadContext context)
    {
        long? count = context.OptionalInteger(body, "top_logprobs"u8, "top_logprobs", 0);
        if (count > 20)
            context.Problems.Add("top_logprobs", "Input should be less than or equal to 20");
        if (count > 0 && !logprobs)
            context.Problems.Add("top_logprobs", "logprobs must be true where top_logprobs is used");
        return ReadContext.Clamp(count ?? 0);
    }

    // -1 is how local tools say "as much as fits".
    private static int? ReadMaxTokens(JsonValue body, ReadContext context)
    {
        long? count = context.OptionalInteger(body, "max_completion_tokens"u8, "max_completion_tokens", -1)
            ?? context.OptionalInteger(body, "max_tokens"u8, "max_tokens", -1);
        return count is null or < 0 ? null : ReadContext.Clamp(count.Value);
    }

    // llama.cpp's and vLLM's shorter ways to say it.
    private static string? ReadPlainSchema(JsonValue body, ReadContext context)
    {
        JsonValue schema = body["json_schema"u8].IsNull ? body["guided_json"u8] : body["json_schema"u8];
        return schema.IsObject ? SchemaText.Of(schema, "json_schema", context) : null;
    }

    private static JsonElement? ReadTemplateArguments(JsonValue body, ReadContext context)
    {
        JsonValue value = body["chat_template_kwargs"u8];
        if (value.IsNull)
            return null;
        if (value.IsObject)
            return JsonElement.Parse(value.Raw, new JsonDocumentOptions { MaxDepth = context.Limits.JsonDepth });
        context.Problems.Add("chat_template_kwargs", "Input should be a valid dictionary");
        return null;
    }

    private static bool Continues(JsonValue body, List<ChatMessage> messages, ReadContext context)
    {
        bool? continues = context.OptionalBoolean(body, "continue_final_message"u8, "continue_final_message");
        bool? generates = context.OptionalBoolean(body, "add_generation_prompt"u8, "add_generation_prompt");
        if (continues == true && generates == true)
            context.Problems.Add("continue_final_message", "cannot be true together with add_generation_prompt");
        return messages is [.., { Role: ChatRole.Assistant }] && continues != false && generates != true;
    }
}
