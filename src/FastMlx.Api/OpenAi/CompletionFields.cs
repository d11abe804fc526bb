using System.Buffers;

namespace FastMlx.Api;

/// <summary>The parts that OpenAI's answers share.</summary>
internal static class CompletionFields
{
    public const string Fingerprint = "fp_fastmlx";

    public static ReadOnlySpan<byte> FinishReason(StopReason reason) => reason switch
    {
        StopReason.MaxTokens or StopReason.ContextExceeded => "length"u8,
        StopReason.ToolUse => "tool_calls"u8,
        StopReason.Refusal => "content_filter"u8,
        _ => "stop"u8,
    };

    public static void WriteUsage(IBufferWriter<byte> output, in ReplyUsage usage) =>
        output.Raw("{\"prompt_tokens\":"u8).Number(usage.PromptTokens)
            .Raw(",\"completion_tokens\":"u8).Number(usage.OutputTokens)
            .Raw(",\"total_tokens\":"u8).Number((long)usage.PromptTokens + usage.OutputTokens)
            .Raw(",\"prompt_tokens_details\":{\"cached_tokens\":"u8).Number(usage.CacheReadTokens)
            .Raw(",\"audio_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":"u8)
            .Number(usage.ThinkingTokens)
            .Raw(",\"audio_tokens\":0,\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}"u8);

    /// <summary>The same where there are some, else null.</summary>
    public static void WriteLogprobs(IBufferWriter<byte> output, IReadOnlyList<TokenLogprob> tokens) =>
        WriteAllLogprobs(output, tokens.Count > 0 ? tokens : null);

    /// <summary>{"content":[…],"refusal":null}, or null.</summary>
    public static void WriteAllLogprobs(IBufferWriter<byte> output, IReadOnlyList<TokenLogprob>? tokens)
    {
        if (tokens is null)
        {
            output.Raw("null"u8);
            return;
        }
        output.Raw("{\"content\":"u8);
        WriteTokens(output, tokens);
        output.Raw(",\"refusal\":null}"u8);
    }

    /// <summary>[{"token":…,"logprob":…,"bytes":…,"top_logprobs":[…]},…]</summary>
    public static void WriteTokens(IBufferWriter<byte> output, IReadOnlyList<TokenLogprob> tokens)
    {
        output.Raw("["u8);
        for (int i = 0; i < tokens.Count; i++)
        {
            output.Raw(i == 0 ? ""u8 : ","u8);
            WriteToken(output, tokens[i], withTop: true);
        }
        output.Raw("]"u8);
    }

    private static void WriteToken(IBufferWriter<byte> output, TokenLogprob token, bool withTop)
    {
        output.Raw("{\"token\":"u8).Text(TokenText.InChat(token.Bytes.Span))
            .Raw(",\"logprob\":"u8)
            .Number(float.IsFinite(token.Logprob) ? Math.Min(0, token.Logprob) : TokenLogprob.Least)
            .Raw(",\"bytes\":["u8);
        for (int i = 0; i < token.Bytes.Length; i++)
            output.Raw(i == 0 ? ""u8 : ","u8).Number(token.Bytes.Span[i]);
        output.Raw("]"u8);
        if (withTop)
        {
            output.Raw(",\"top_logprobs\":["u8);
            for (int i = 0; i < token.Top.Count; i++)
            {
                output.Raw(i == 0 ? ""u8 : ","u8);
                WriteToken(output, token.Top[i], withTop: false);
            }
            output.Raw("]"u8);
        }
        output.Raw("}"u8);
    }
}
