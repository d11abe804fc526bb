namespace FastMlx.Chat.Output;

/// <summary>
/// The `&lt;tool_call&gt;` families: JSON (Qwen 2.5 and 3, Hermes and many others) and function tags (Qwen3-Coder).
/// </summary>
internal static class HermesFormats
{
    private static readonly ThoughtTags Think = new("<think>", "</think>");

    public static OutputFormat Hermes() => Create("hermes_json", name => name is null
        ? "<tool_call>\n{\"name\": \""
        : $"<tool_call>\n{{\"name\": \"{name}\", \"arguments\": ");

    public static OutputFormat QwenCoder() => Create("qwen3_coder", name => name is null
        ? "<tool_call>\n<function="
        : $"<tool_call>\n<function={name}>\n");

    /// <summary>Both accept what the other writes, and calls without a wrapper.</summary>
    private static OutputFormat Create(string name, Func<string?, string> prime)
    {
        var tagged = new TaggedCalls(FunctionTags("tool_call"));
        var tag = new ToolCallTag(new JsonCalls("</tool_call>"), tagged, new GlmCalls(new GlmTags()));
        return new OutputFormat(name)
        {
            Thoughts = [Think],
            Calls = [new Marker("<tool_call>", MarkerKind.Call, tag), .. Bare(tagged)],
            Noise = ["</tool_call>", "</function>", "</parameter>"],
            KeepsThoughtCalls = true,
            Prime = prime,
        };
    }

    public static TagDialect FunctionTags(string block) =>
        new(">", "<parameter=", "</parameter>", "<function=", "</function>", $"<{block}>", $"</{block}>", "</function")
        {
            TrimsLineBreak = true,
        };

    /// <summary>Markers of calls that came without their wrapper.</summary>
    public static IEnumerable<Marker> Bare(TaggedCalls? tagged)
    {
        var json = new BareJsonCalls();
        yield return new Marker("{", MarkerKind.MaybeCall, json) { Place = MarkerPlace.Start };
        yield return new Marker("[", MarkerKind.MaybeCall, json) { Place = MarkerPlace.Start };
        yield return new Marker("```json", MarkerKind.MaybeCall, json) { Place = MarkerPlace.LineStart };
        if (tagged is not null)
            yield return new Marker("<function=", MarkerKind.MaybeCall, tagged);
    }
}
