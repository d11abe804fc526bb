namespace FastMlx.Chat.Output;

/// <summary>Calls as Python writes them, in three families' wrappers or in none.</summary>
internal static class PythonFormats
{
    public static OutputFormat Pythonic() => new("pythonic")
    {
        Thoughts = [new("<think>", "</think>")],
        Calls =
        [
            new Marker("<|tool_call_start|>", MarkerKind.Call, new PythonCalls("<|tool_call_end|>")),
            new Marker("<|python_start|>", MarkerKind.Call, new PythonCalls("<|python_end|>")),
            new Marker("<function_calls>", MarkerKind.Call, new PythonCalls("</function_calls>")),
            new Marker("[", MarkerKind.MaybeCall, new PythonCalls()) { Place = MarkerPlace.Start },
        ],
        Noise = ["<|tool_call_end|>", "<|python_end|>", "</function_calls>", "<|eot|>", "<|eom|>"],
        KeepsThoughtCalls = true,
        Prime = name => name is null ? "<|tool_call_start|>[" : $"<|tool_call_start|>[{name}(",
    };

    /// <summary>Llama 4 and 3.2, whose list stands alone.</summary>
    public static OutputFormat Bare() => new("pythonic_bare")
    {
        Thoughts = [new("<think>", "</think>")],
        Calls =
        [
            new Marker("<|python_start|>", MarkerKind.Call, new PythonCalls("<|python_end|>")),
            new Marker("[", MarkerKind.MaybeCall, new PythonCalls()) { Place = MarkerPlace.Start },
        ],
        Noise = ["<|python_end|>", "<|eot|>", "<|eom|>"],
        KeepsThoughtCalls = true,
        Prime = name => name is null ? "[" : $"[{name}(",
    };
}
