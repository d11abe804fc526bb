using System.Buffers;

namespace FastMlx.Api;

/// <summary>The response object: every field is there, since validators want all of them.</summary>
internal static class ResponseFields
{
    internal readonly record struct Ending(string Status, long? CompletedAt, string? IncompleteReason, ApiError? Error);

    public static readonly Ending InProgress = new("in_progress", null, null, null);

    public static void Write(
        IBufferWriter<byte> output,
        string id,
        ResponseOptions options,
        in Ending ending,
        ReadOnlySpan<byte> items,
        ReplyUsage? usage)
    {
        ResponsesRequest request = options.Request;
        output.Raw("{\"id\":"u8).Text(id).Raw(",\"object\":\"response\",\"created_at\":"u8).Number(options.Created)
            .Raw(",\"completed_at\":"u8);
        WriteNumber(output, ending.CompletedAt);
        output.Raw(",\"status\":"u8).Text(ending.Status).Raw(",\"background\":false,\"error\":"u8);
        WriteError(output, ending.Error);
        output.Raw(",\"incomplete_details\":"u8);
        if (ending.IncompleteReason is null)
            output.Raw("null"u8);
        else
            output.Raw("{\"reason\":"u8).Text(ending.IncompleteReason).Raw("}"u8);
        output.Raw(",\"model\":"u8).Text(request.Model).Raw(",\"output\":["u8).Raw(items).Raw("]"u8);
        WriteRequest(output, request);
        output.Raw(",\"usage\":"u8);
        WriteUsage(output, usage);
        output.Raw("}"u8);
    }

    private static void WriteRequest(IBufferWriter<byte> output, ResponsesRequest request)
    {
        output.Raw(",\"instructions\":"u8).Text(request.Instructions)
            .Raw(",\"previous_response_id\":"u8).Text(request.PreviousResponseId).Raw(",\"max_output_tokens\":"u8);
        WriteNumber(output, request.Chat.MaxTokens);
        output.Raw(",\"max_tool_calls\":"u8);
        WriteNumber(output, request.MaxToolCalls);
        output.Raw(",\"parallel_tool_calls\":"u8).Boolean(request.Chat.ParallelToolCalls)
            .Raw(",\"temperature\":"u8).Number(request.Chat.Sampling.Temperature ?? 1)
            .Raw(",\"top_p\":"u8).Number(request.Chat.Sampling.TopP ?? 1)
            .Raw(",\"presence_penalty\":"u8).Number(request.Chat.Sampling.PresencePenalty)
            .Raw(",\"frequency_penalty\":"u8).Number(request.Chat.Sampling.FrequencyPenalty)
            .Raw(",\"top_logprobs\":"u8).Number(request.TopLogprobs)
            .Raw(",\"tools\":"u8).Json(request.ToolsJson).Raw(",\"tool_choice\":"u8).Json(request.ToolChoiceJson)
            .Raw(",\"text\":"u8).Json(request.TextJson).Raw(",\"reasoning\":"u8).Json(request.ReasoningJson)
            .Raw(",\"truncation\":"u8).Text(request.Truncation).Raw(",\"store\":"u8).Boolean(request.Store)
            .Raw(",\"service_tier\":\"default\",\"metadata\":"u8).Json(request.MetadataJson)
            .Raw(",\"safety_identifier\":"u8).Text(request.SafetyIdentifier)
            .Raw(",\"prompt_cache_key\":"u8).Text(request.CacheKey);
    }

    private static void WriteError(IBufferWriter<byte> output, ApiError? error)
    {
        if (error is null)
            output.Raw("null"u8);
        else
            output.Raw("{\"code\":"u8).Text(error.Code ?? error.OpenAiType)
                .Raw(",\"message\":"u8).Text(error.OpenAiMessage ?? error.Message).Raw("}"u8);
    }

    public static void WriteUsage(IBufferWriter<byte> output, ReplyUsage? usage)
    {
        if (usage is not { } counts)
        {
            output.Raw("null"u8);
            return;
        }
        output.Raw("{\"input_tokens\":"u8).Number(counts.PromptTokens)
            .Raw(",\"input_tokens_details\":{\"cached_tokens\":"u8).Number(counts.CacheReadTokens)
            .Raw("},\"output_tokens\":"u8).Number(counts.OutputTokens)
            .Raw(",\"output_tokens_details\":{\"reasoning_tokens\":"u8).Number(counts.ThinkingTokens)
            .Raw("},\"total_tokens\":"u8).Number((long)counts.PromptTokens + counts.OutputTokens).Raw("}"u8);
    }

    private static void WriteNumber(IBufferWriter<byte> output, long? number)
    {
        if (number is { } known)
            output.Number(known);
        else
            output.Raw("null"u8);
    }
}
