namespace FastMlx.Chat.Output;

/// <summary>Mistral's `[TOOL_CALLS]`, and xLAM, which borrows it beside other wrappers.</summary>
internal static class MistralFormats
{
    public static OutputFormat Mistral() => new("mistral")
    {
        Thoughts = [new("[THINK]", "[/THINK]")],
        Calls = [new Marker("[TOOL_CALLS]", MarkerKind.Call, new MistralCalls())],
        Noise = ["[ARGS]", "[CALL_ID]", "[/TOOL_CALLS]"],
        Extra = ["</s>"],
        KeepsThoughtCalls = true,
        Prime = name => name is null ? "[TOOL_CALLS]" : $"[TOOL_CALLS]{name}[ARGS]",
    };

    /// <summary>Mistral v3 to v7, whose calls are a JSON list.</summary>
    public static OutputFormat MistralList() => new("mistral_list")
    {
        Thoughts = [new("[THINK]", "[/THINK]")],
        Calls = [new Marker("[TOOL_CALLS]", MarkerKind.Call, new MistralCalls())],
        Noise = ["[ARGS]", "[CALL_ID]", "[/TOOL_CALLS]"],
        Extra = ["</s>"],
        KeepsThoughtCalls = true,
        Prime = name => "[TOOL_CALLS] [{\"name\": \"" + (name is null ? "" : $"{name}\", \"arguments\": "),
    };

    public static OutputFormat Xlam() => new("xlam")
    {
        Calls =
        [
            new Marker("[TOOL_CALLS]", MarkerKind.Call, new JsonCalls("[/TOOL_CALLS]")),
            new Marker("<tool_call>", MarkerKind.Call, new JsonCalls("</tool_call>")),
            .. HermesFormats.Bare(null),
        ],
        Noise = ["[/TOOL_CALLS]", "</tool_call>"],
        Prime = name => "[{\"name\": \"" + (name is null ? "" : $"{name}\", \"arguments\": "),
    };
}
