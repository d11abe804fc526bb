namespace FastMlx.Chat.Output;

/// <summary>Gemma 4 and FunctionGemma.</summary>
internal static class GemmaFormats
{
    public static OutputFormat Gemma4() => new("gemma4")
    {
        Thoughts = [new("<|channel>thought", "<channel|>")],
        Calls =
        [
            new Marker("<|tool_call>", MarkerKind.Call, new GemmaCalls(
                new GemmaTags("<|tool_call>", "<tool_call|>", "<|\"|>", "<|tool_response>"))),
            .. HermesFormats.Bare(null),
        ],
        Noise =
        [
            "<tool_call|>", "<|tool_response>", "<tool_response|>", "<|channel>", "<turn|>", "<|turn>model", "<|turn>",
            "<|\"|>", "<|think|>",
        ],
        Prime = name => "<|tool_call>call:" + (name is null ? "" : $"{name}{{"),
    };

    public static OutputFormat FunctionGemma() => new("function_gemma")
    {
        Calls =
        [
            new Marker("<start_function_call>", MarkerKind.Call, new GemmaCalls(new GemmaTags(
                "<start_function_call>", "<end_function_call>", "<escape>", "<start_function_response>"))),
            .. HermesFormats.Bare(null),
        ],
        Noise = ["<end_function_call>", "<start_function_response>", "<end_of_turn>", "<start_of_turn>", "<escape>"],
        Prime = name => "<start_function_call>call:" + (name is null ? "" : $"{name}{{"),
    };
}
