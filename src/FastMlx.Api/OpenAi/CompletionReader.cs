using System.Diagnostics.CodeAnalysis;

namespace FastMlx.Api;

/// <summary>Reads the body of POST /v1/completions. Pure functions, any thread; nothing of the body is kept.</summary>
public static class CompletionReader
{
    private const int PromptsMax = 64;

    private static readonly string[] Known =
    [
        "model", "prompt", "max_tokens", "temperature", "top_p", "n", "best_of", "stream", "stream_options",
            "logprobs", "echo",
        "stop", "presence_penalty", "frequency_penalty", "logit_bias", "seed", "suffix", "user", "top_k", "min_p",
            "ignore_eos",
        "repetition_penalty", "repeat_penalty", "prompt_cache_key", "cache_prompt", "min_tokens", "stop_token_ids",
    ];

    public static bool TryRead(
        ReadOnlyMemory<byte> body,
        ReaderOptions options,
        [NotNullWhen(true)] out CompletionRequest? request,
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
        CompletionRequest read = ReadBody(tape.Root, context);
        error = context.Problems.Any ? context.Problems.ToError() : null;
        request = error is null ? read : null;
        return error is null;
    }

    private static CompletionRequest ReadBody(JsonValue body, ReadContext context)
    {
        if (!body.IsObject)
            context.Problems.Add("", "The body must be a JSON object");
        context.CheckNames(body, "", "completions", Known);
        foreach (string name in (string[])["n", "best_of"])
        {
            if (context.OptionalInteger(body, System.Text.Encoding.UTF8.GetBytes(name), name, 1) > 1)
                context.Problems.Add(name, $"this server makes one choice per prompt: {name} must be 1");
        }
        bool stream = context.OptionalBoolean(body, "stream"u8, "stream") ?? false;
        return new CompletionRequest
        {
            Model = context.RequiredText(body, "model"u8, "model") ?? "",
            Prompts = ReadPrompts(body["prompt"u8], context),
            MaxTokens = ReadContext.Clamp(context.OptionalInteger(body, "max_tokens"u8, "max_tokens", 0) ?? 16),
            Sampling = OpenAiFields.ReadSampling(body, context),
            StopSequences = OpenAiFields.ReadStop(body["stop"u8], context),
            Stream = stream,
            IncludesUsage = stream && body["stream_options"u8]["include_usage"u8].IsTrue,
            Logprobs = ReadLogprobs(body, context),
            Echo = context.OptionalBoolean(body, "echo"u8, "echo") ?? false,
            Suffix = context.OptionalText(body, "suffix"u8, "suffix"),
            CacheKey = context.OptionalText(body, "prompt_cache_key"u8, "prompt_cache_key")
                ?? context.OptionalText(body, "user"u8, "user"),
            IgnoresEnd = context.OptionalBoolean(body, "ignore_eos"u8, "ignore_eos") ?? false,
        };
    }

    private static int? ReadLogprobs(JsonValue body, ReadContext context)
    {
        JsonValue value = body["logprobs"u8];
        // true and false stand there in chat, and clients mix them up.
        if (value.IsBoolean)
            return value.IsTrue ? 0 : null;
        long? count = context.OptionalInteger(body, "logprobs"u8, "logprobs", 0);
        if (count > 5)
            context.Problems.Add("logprobs", "Input should be less than or equal to 5");
        return count is null ? null : ReadContext.Clamp(count.Value);
    }

    private static List<CompletionPrompt> ReadPrompts(JsonValue prompt, ReadContext context)
    {
        var prompts = new List<CompletionPrompt>();
        if (prompt.IsString)
            prompts.Add(new CompletionPrompt(prompt.Text, null));
        else if (prompt.IsArray && IsTokens(prompt))
            prompts.Add(new CompletionPrompt(null, ReadTokens(prompt, context)));
        else if (prompt.IsArray)
            ReadList(prompt, prompts, context);
        else
            context.Wrong("prompt", prompt, "Input should be a string or a list");
        if (prompts.Count > PromptsMax)
            context.Problems.Add("prompt", $"at most {PromptsMax} prompts are possible in one request");
        if (prompts.Count == 0 && !context.Problems.Any)
            context.Problems.Add("prompt", "at least one prompt is required");
        return prompts;
    }

    private static void ReadList(JsonValue list, List<CompletionPrompt> prompts, ReadContext context)
    {
        foreach (JsonValue item in list.Items)
        {
            if (item.IsString)
                prompts.Add(new CompletionPrompt(item.Text, null));
            else if (item.IsArray)
                prompts.Add(new CompletionPrompt(null, ReadTokens(item, context)));
            else
                context.Problems.Add("prompt", "Input should be strings, token ids or lists of token ids");
        }
    }

    private static bool IsTokens(JsonValue list)
    {
        foreach (JsonValue item in list.Items)
            return item.IsNumber;
        return false;
    }

    private static int[] ReadTokens(JsonValue list, ReadContext context)
    {
        var tokens = new List<int>();
        foreach (JsonValue item in list.Items)
        {
            if (item.TryInteger(out long id) && id is >= 0 and <= int.MaxValue)
                tokens.Add((int)id);
            else
                context.Problems.Add("prompt", "a token id must be an integer of the vocabulary");
        }
        return [.. tokens];
    }
}
