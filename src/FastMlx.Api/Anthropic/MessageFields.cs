using System.Buffers;

namespace FastMlx.Api;

/// <summary>The parts that a streamed and a whole message share.</summary>
internal static class MessageFields
{
    public static ReadOnlySpan<byte> Name(StopReason reason) => reason switch
    {
        StopReason.MaxTokens => "max_tokens"u8,
        StopReason.StopSequence => "stop_sequence"u8,
        StopReason.ToolUse => "tool_use"u8,
        StopReason.PauseTurn => "pause_turn"u8,
        StopReason.Refusal => "refusal"u8,
        StopReason.ContextExceeded => "model_context_window_exceeded"u8,
        _ => "end_turn"u8,
    };

    /// <summary>Makes the reason agree with the blocks: clients retry on `tool_use` without a call.</summary>
    public static StopReason Agreed(StopReason reason, bool hasToolCall, bool endsInWholeCall) => reason switch
    {
        StopReason.EndTurn when hasToolCall => StopReason.ToolUse,
        StopReason.ToolUse when !hasToolCall => StopReason.EndTurn,
        // The cap hit behind a complete call: the turn is as good as ended.
        StopReason.MaxTokens or StopReason.ContextExceeded when endsInWholeCall => StopReason.ToolUse,
        _ => reason,
    };

    /// <summary>`"id":…,"type":"message","role":"assistant","model":…`.</summary>
    public static void WriteHead(IBufferWriter<byte> output, string id, string model) =>
        output.Raw("\"id\":"u8).Text(id)
            .Raw(",\"type\":\"message\",\"role\":\"assistant\",\"model\":"u8).Text(model);

    public static void WriteStop(IBufferWriter<byte> output, StopReason reason, string? stopSequence) =>
        output.Raw("\"stop_reason\":"u8).Text(Name(reason))
            .Raw(",\"stop_sequence\":"u8).Text(reason == StopReason.StopSequence ? stopSequence ?? "" : null)
            .Raw(",\"stop_details\":null"u8);

    /// <summary>The usage of `message_start` and of a whole message.</summary>
    public static void WriteFullUsage(IBufferWriter<byte> output, in ReplyUsage usage, bool withDetails)
    {
        WriteCounts(output, usage);
        output.Raw(",\"cache_creation\":{\"ephemeral_5m_input_tokens\":"u8).Number(usage.CacheCreationTokens)
            .Raw(",\"ephemeral_1h_input_tokens\":0}"u8);
        if (withDetails)
            WriteThinking(output, usage);
        output.Raw(",\"server_tool_use\":null,\"service_tier\":\"standard\",\"inference_geo\":\"not_available\"}"u8);
    }

    /// <summary>The usage of `message_delta`: cumulative, input numbers repeated.</summary>
    public static void WriteUsage(IBufferWriter<byte> output, in ReplyUsage usage)
    {
        WriteCounts(output, usage);
        WriteThinking(output, usage);
        output.Raw("}"u8);
    }

    public static void WriteEdits(IBufferWriter<byte> output, IReadOnlyList<AppliedEdit> edits)
    {
        output.Raw(",\"context_management\":{\"applied_edits\":["u8);
        for (int i = 0; i < edits.Count; i++)
        {
            output.Raw(i == 0 ? ""u8 : ","u8).Raw("{\"type\":"u8).Text(edits[i].Type);
            if (edits[i].ToolUses > 0)
                output.Raw(",\"cleared_tool_uses\":"u8).Number(edits[i].ToolUses);
            if (edits[i].ThinkingTurns > 0)
                output.Raw(",\"cleared_thinking_turns\":"u8).Number(edits[i].ThinkingTurns);
            output.Raw(",\"cleared_input_tokens\":"u8).Number(edits[i].InputTokens).Raw("}"u8);
        }
        output.Raw("]}"u8);
    }

    private static void WriteCounts(IBufferWriter<byte> output, in ReplyUsage usage) =>
        output.Raw("{\"input_tokens\":"u8).Number(usage.InputTokens)
            .Raw(",\"cache_creation_input_tokens\":"u8).Number(usage.CacheCreationTokens)
            .Raw(",\"cache_read_input_tokens\":"u8).Number(usage.CacheReadTokens)
            // Clients take 0 for "unknown": the API never sends it.
            .Raw(",\"output_tokens\":"u8).Number(Math.Max(1, usage.OutputTokens));

    private static void WriteThinking(IBufferWriter<byte> output, in ReplyUsage usage) =>
        output.Raw(",\"output_tokens_details\":{\"thinking_tokens\":"u8).Number(usage.ThinkingTokens).Raw("}"u8);
}
