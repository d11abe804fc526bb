namespace FastMlx.Chat.Output;

/// <summary>Kimi K2: sections of calls, each with an id that holds its name. Kimi K3: XTML.</summary>
internal static class KimiFormats
{
    public static OutputFormat K2() => new("kimi_k2")
    {
        Thoughts = [new("<think>", "</think>")],
        Calls = [new Marker("<|tool_call_begin|>", MarkerKind.Call, new KimiCalls())],
        Noise =
        [
            "<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", "<|tool_call_end|>",
            "<|tool_call_argument_begin|>", "<|im_assistant|>assistant<|im_middle|>", "<|im_middle|>", "[EOS]",
        ],
        Prime = name => "<|tool_calls_section_begin|><|tool_call_begin|>functions."
            + (name is null ? "" : $"{name}:0<|tool_call_argument_begin|>"),
    };

    public static OutputFormat K3()
    {
        var tagged = new TaggedCalls(new TagDialect(
            "<|sep|>", "<|open|>argument key=\"", "<|close|>argument<|sep|>", "<|open|>call tool=\"",
            "<|close|>call<|sep|>", "<|open|>tools<|sep|>", "<|close|>tools<|sep|>", null)
        {
            IsQuoted = true,
            TextAttribute = "type=\"string\"",
        });
        return new("kimi_k3_xtml")
        {
            Thoughts = [new("<|open|>think<|sep|>", "<|close|>think<|sep|>")],
            Calls =
            [
                new Marker("<|open|>tools<|sep|>", MarkerKind.Call, tagged),
                new Marker("<|open|>call tool=\"", MarkerKind.MaybeCall, tagged),
            ],
            Wrappers = ["<|open|>response<|sep|>", "<|open|>message role=\"assistant\"<|sep|>"],
            Noise =
            [
                "<|close|>response<|sep|>", "<|close|>tools<|sep|>", "<|close|>call<|sep|>", "<|close|>argument<|sep|>",
                "<|close|>message<|sep|>", "<|end_of_msg|>", "<|open|>", "<|close|>", "<|sep|>",
            ],
            Prime = name => "<|open|>tools<|sep|><|open|>call tool=\""
                + (name is null ? "" : $"{name}\" index=\"1\"<|sep|>"),
        };
    }
}
