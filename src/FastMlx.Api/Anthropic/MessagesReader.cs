using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// Reads the bodies of POST /v1/messages and /v1/messages/count_tokens. Pure functions, any thread. The body may be
/// pooled: nothing of it is kept.
/// </summary>
public static class MessagesReader
{
    public static bool TryRead(
        ReadOnlyMemory<byte> body,
        ReaderOptions options,
        [NotNullWhen(true)] out MessagesRequest? request,
        [NotNullWhen(false)] out ApiError? error) => TryRead(body, options, isCount: false, out request, out error);

    /// <summary>The same without max_tokens; sampling fields are ignored.</summary>
    public static bool TryReadCount(
        ReadOnlyMemory<byte> body,
        ReaderOptions options,
        [NotNullWhen(true)] out MessagesRequest? request,
        [NotNullWhen(false)] out ApiError? error) => TryRead(body, options, isCount: true, out request, out error);

    private static bool TryRead(
        ReadOnlyMemory<byte> bytes,
        ReaderOptions options,
        bool isCount,
        out MessagesRequest? request,
        out ApiError? error)
    {
        request = null;
        using JsonTape? tape = JsonTape.Read(bytes, options.Limits, out string? problem);
        if (tape is null)
        {
            error = ApiErrors.Invalid(problem!);
            return false;
        }
        var context = new ReadContext(options);
        MessagesRequest read = ReadBody(tape.Root, context, isCount);
        error = context.Problems.Any ? context.Problems.ToError() : null;
        request = error is null ? read : null;
        return error is null;
    }

    /// <summary>
    /// Reads the object; also the `params` of a batch. Problems are in the context, and then the result is void.
    /// </summary>
    internal static MessagesRequest ReadBody(JsonValue body, ReadContext context, bool isCount)
    {
        if (!body.IsObject)
            context.Problems.Add("", "Input should be a valid dictionary or object to extract fields from");
        context.CheckNames(body, "", "", KnownFields.Body);
        context.NoteCacheMark(body);
        string model = ReadModel(body, context);
        int? maxTokens = ReadMaxTokens(body, context, isCount);
        ToolsReader.Result tools = ToolsReader.Read(body, context);
        var conversation = new ConversationReader(context, model, tools);
        conversation.Read(body);
        OutputConfig output = OutputConfig.Read(body, context);
        ThinkingReader.Result thinking = ThinkingReader.Read(
            body["thinking"u8], maxTokens, conversation.Effort ?? output.Effort, context);
        bool isForced = tools.Choice.Kind is ToolChoiceKind.Any or ToolChoiceKind.Named;
        if (context.IsStrict)
            StrictRules.Check(body, maxTokens, context);
        var chat = new ChatRequest
        {
            Model = model,
            Messages = conversation.Messages,
            Tools = tools.Tools,
            ToolChoice = tools.Choice,
            ParallelToolCalls = tools.AllowsParallel,
            // A forced call leaves no room for reasoning before it.
            Thinking = isForced ? thinking.Options with { Enabled = false } : thinking.Options,
            Sampling = ReadSampling(body, context),
            MaxTokens = maxTokens,
            StopSequences = ReadStopSequences(body, context),
            ResponseSchemaJson = output.SchemaJson,
            TemplateArguments = ReadTemplateArguments(body, context),
            ContinueFinalMessage = conversation.ContinuesFinalMessage,
        };
        return Wrap(body, chat, thinking.Display, tools, conversation, context);
    }

    private static MessagesRequest Wrap(
        JsonValue body,
        ChatRequest chat,
        ThinkingDisplay display,
        ToolsReader.Result tools,
        ConversationReader conversation,
        ReadContext context)
    {
        string? userId = ReadUserId(body["metadata"u8], context);
        return new MessagesRequest
        {
            Chat = chat,
            Stream = context.OptionalBoolean(body, "stream"u8, "stream") ?? false,
            Display = display,
            MarksCache = context.CacheMarks > 0,
            WantsLongCache = context.WantsLongCache,
            UserId = userId,
            SessionId = SessionHint.Of(userId),
            ReportsContextEdits = body["context_management"u8].IsObject,
            AppliedEdits = conversation.AppliedEdits,
            DirectAnswer = tools.DirectAnswer(conversation.LastUserText),
            UnavailableTools = tools.Unavailable,
            RemovedTools = conversation.RemovedTools,
        };
    }

    private static string ReadModel(JsonValue body, ReadContext context)
    {
        string? model = context.RequiredText(body, "model"u8, "model");
        if (model is { Length: 0 })
            context.Problems.Add("model", "String should have at least 1 character");
        if (model is { Length: > 256 })
            context.Problems.Add("model", "String should have at most 256 characters");
        return model ?? "";
    }

    private static int? ReadMaxTokens(JsonValue body, ReadContext context, bool isCount)
    {
        if (isCount)
            return null;
        if (body["max_tokens"u8].IsNull)
            context.Wrong("max_tokens", body["max_tokens"u8], "Input should be a valid integer");
        JsonValue value = body["max_tokens"u8];
        if (value.TryInteger(out long number) && number < 0)
            context.Problems.Add("max_tokens", "Input should be greater than or equal to 1");
        else
            number = context.OptionalInteger(body, "max_tokens"u8, "max_tokens", 0) ?? 0;
        return ReadContext.Clamp(number);
    }

    private static SamplingOptions ReadSampling(JsonValue body, ReadContext context)
    {
        // The API ends at 1; open models are used beyond.
        double hottest = context.IsStrict ? 1 : 2;
        return new SamplingOptions
        {
            Temperature = (float?)context.OptionalNumber(body, "temperature"u8, "temperature", 0, hottest, told: 1),
            TopP = (float?)context.OptionalNumber(body, "top_p"u8, "top_p", 0, 1),
            TopK = context.OptionalInteger(body, "top_k"u8, "top_k", 0) is { } k ? ReadContext.Clamp(k) : null,
            MinP = (float?)context.OptionalNumber(body, "min_p"u8, "min_p", 0, 1),
            Seed = (ulong?)context.OptionalInteger(body, "seed"u8, "seed", long.MinValue),
        };
    }

    private static List<string> ReadStopSequences(JsonValue body, ReadContext context)
    {
        List<string> sequences = [];
        JsonValue value = body["stop_sequences"u8];
        if (!value.IsNull && !value.IsArray)
            context.Problems.Add("stop_sequences", "Input should be a valid list");
        foreach (JsonValue item in value.Items)
        {
            if (!item.IsString)
                context.Problems.Add($"stop_sequences.{sequences.Count}", "Input should be a valid string");
            else if (string.IsNullOrWhiteSpace(item.Text))
                context.Problems.Add("stop_sequences", "each stop sequence must contain non-whitespace");
            else if (item.Raw.Length > context.Limits.StopSequenceBytes + 2)
                context.Problems.Add("stop_sequences",
                    $"a stop sequence may have {context.Limits.StopSequenceBytes} bytes");
            else
                sequences.Add(item.Text);
        }
        if (sequences.Count > context.Limits.StopSequences)
            context.Problems.Add("stop_sequences",
                $"at most {context.Limits.StopSequences} stop sequences are possible");
        return sequences;
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

    private static string? ReadUserId(JsonValue metadata, ReadContext context)
    {
        if (!metadata.IsNull && !metadata.IsObject)
            context.Problems.Add("metadata", "Input should be a valid dictionary");
        context.CheckNames(metadata, "metadata", "metadata", KnownFields.Metadata);
        return context.OptionalText(metadata, "user_id"u8, "metadata.user_id");
    }
}
