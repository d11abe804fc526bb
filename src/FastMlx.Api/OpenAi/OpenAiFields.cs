using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>Fields that chat completions, completions and responses have in common.</summary>
internal static class OpenAiFields
{
    public static readonly string[] ChatBody =
    [
        "model", "messages", "stream", "stream_options", "max_completion_tokens", "max_tokens", "temperature", "top_p",
        "frequency_penalty", "presence_penalty", "stop", "n", "seed", "logprobs", "top_logprobs", "logit_bias",
            "response_format",
        "tools", "tool_choice", "parallel_tool_calls", "reasoning_effort", "verbosity", "service_tier", "store",
            "metadata",
        "user", "safety_identifier", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "modalities",
        "functions", "function_call",
        // What local servers added.
        "top_k", "min_p", "repetition_penalty", "repeat_penalty", "chat_template_kwargs", "add_generation_prompt",
        "continue_final_message", "ignore_eos", "stop_token_ids",
        "min_tokens", "include_reasoning", "thinking_budget_tokens",
            "json_schema",
        "guided_json", "cache_prompt", "id_slot",
    ];

    public static SamplingOptions ReadSampling(JsonValue body, ReadContext context) => new()
    {
        Temperature = (float?)context.OptionalNumber(body, "temperature"u8, "temperature", 0, 2),
        TopP = (float?)context.OptionalNumber(body, "top_p"u8, "top_p", 0, 1),
        TopK = ReadTopK(body, context),
        MinP = (float?)context.OptionalNumber(body, "min_p"u8, "min_p", 0, 1),
        Seed = (ulong?)context.OptionalInteger(body, "seed"u8, "seed", long.MinValue),
        FrequencyPenalty = ReadPenalty(body, "frequency_penalty"u8, "frequency_penalty", context),
        PresencePenalty = ReadPenalty(body, "presence_penalty"u8, "presence_penalty", context),
        RepetitionPenalty = ReadRepetition(body, "repetition_penalty"u8, "repetition_penalty", context)
            ?? ReadRepetition(body, "repeat_penalty"u8, "repeat_penalty", context),
        Biases = LogitBias.Read(body["logit_bias"u8], context),
        TokensMin = ReadContext.Clamp(context.OptionalInteger(body, "min_tokens"u8, "min_tokens", 0) ?? 0),
        StopTokens = LogitBias.ReadTokens(body["stop_token_ids"u8], "stop_token_ids", context),
    };

    /// <summary>A text or a list of texts; empty texts would match everywhere and are left out.</summary>
    public static List<string> ReadStop(JsonValue stop, ReadContext context)
    {
        List<string> sequences = [];
        if (stop.IsString)
            Add(stop);
        else if (!stop.IsNull && !stop.IsArray)
            context.Problems.Add("stop", "Input should be a string or a list of strings");
        foreach (JsonValue item in stop.Items)
            Add(item);
        if (sequences.Count > context.Limits.StopSequences)
            context.Problems.Add("stop", $"at most {context.Limits.StopSequences} stop sequences are possible");
        return sequences;

        void Add(JsonValue item)
        {
            if (!item.IsString)
                context.Problems.Add("stop", "Input should be a string or a list of strings");
            else if (item.Raw.Length > context.Limits.StopSequenceBytes + 2)
                context.Problems.Add("stop", $"a stop sequence may have {context.Limits.StopSequenceBytes} bytes");
            else if (item.Text.Length > 0)
                sequences.Add(item.Text);
        }
    }

    /// <summary>response_format or text.format: null for text, "{}" for any JSON, else a schema.</summary>
    public static string? ReadFormat(JsonValue format, string path, ReadContext context)
    {
        if (format.IsNull)
            return null;
        string? type = context.RequiredText(format, "type"u8, path + ".type");
        // The schema stands in an object of its own in chat, beside the type in responses, and in both places in the
        // wild.
        JsonValue schema = format["json_schema"u8]["schema"u8];
        if (schema.IsNull)
            schema = format["schema"u8];
        switch (type)
        {
            case "json_object" or "json_schema" when schema.IsObject:
                return SchemaText.Of(schema, path + ".schema", context);
            case "json_object" or "json_schema":
                return "{}";
            case null or "text":
                return null;
            default:
                context.Problems.Add(path + ".type", "Input should be 'text', 'json_object' or 'json_schema'");
                return null;
        }
    }

    /// <summary>reasoning_effort, thinking_budget_tokens and the templates' usual switches.</summary>
    public static ThinkingOptions ReadThinking(JsonValue body, ToolChoice choice, ReadContext context)
    {
        string? effort = context.OptionalText(body, "reasoning_effort"u8, "reasoning_effort")
            ?? context.OptionalText(body["reasoning"u8], "effort"u8, "reasoning.effort");
        JsonValue arguments = body["chat_template_kwargs"u8];
        JsonValue switched = arguments["enable_thinking"u8].Exists ? arguments["enable_thinking"u8]
            : arguments["thinking"u8];
        long? budget = context.OptionalInteger(body, "thinking_budget_tokens"u8, "thinking_budget_tokens", -1);
        bool isForced = choice.Kind is ToolChoiceKind.Any or ToolChoiceKind.Named;
        bool isOff = effort == "none" || budget == 0 || isForced;
        if (isOff || (switched.IsBoolean && !switched.IsTrue))
            return new ThinkingOptions(false);
        if (effort is null && budget is null or < 0 && !switched.IsTrue)
            return ThinkingOptions.Absent;
        return new ThinkingOptions(true, ReadContext.Clamp(Math.Max(0, budget ?? 0)), effort == "minimal" ? "low"
            : effort);
    }

    private static float ReadPenalty(JsonValue body, ReadOnlySpan<byte> name, string path, ReadContext context) =>
        (float)(context.OptionalNumber(body, name, path, -2, 2) ?? 0);

    private static float? ReadRepetition(JsonValue body, ReadOnlySpan<byte> name, string path, ReadContext context) =>
        (float?)context.OptionalNumber(body, name, path, 0.01, 100);

    // -1 and 0 both mean "all" in local tools.
    private static int? ReadTopK(JsonValue body, ReadContext context) =>
        context.OptionalInteger(body, "top_k"u8, "top_k", -1) is { } k ? ReadContext.Clamp(Math.Max(0, k)) : null;
}
