using System.Buffers;

namespace FastMlx.Api;

/// <summary>The answer of POST /v1/messages/count_tokens.</summary>
public static class CountTokensBody
{
    /// <param name="output">Where to write.</param>
    /// <param name="inputTokens">All tokens of the prompt: what the same request would report as its usage.</param>
    /// <param name="reportsContextEdits">The request held context_management.</param>
    /// <param name="clearedTokens">What its edits took out, in all.</param>
    public static void Write(
        IBufferWriter<byte> output, int inputTokens, bool reportsContextEdits = false, int clearedTokens = 0)
    {
        output.Raw("{\"input_tokens\":"u8).Number(inputTokens);
        if (reportsContextEdits)
        {
            output.Raw(",\"context_management\":{\"original_input_tokens\":"u8).Number(inputTokens + clearedTokens)
                .Raw("}"u8);
        }
        output.Raw("}"u8);
    }
}
