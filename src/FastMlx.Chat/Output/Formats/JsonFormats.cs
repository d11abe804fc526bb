namespace FastMlx.Chat.Output;

/// <summary>Families that write their calls as JSON between markers of their own, or without any.</summary>
internal static class JsonFormats
{
    private static readonly ThoughtTags Think = new("<think>", "</think>");

    public static OutputFormat Llama3()
    {
        var bare = new BareJsonCalls();
        var tagged = new TaggedCalls(HermesFormats.FunctionTags("tool_call"));
        return new("llama3_json")
        {
            Calls =
            [
                new Marker("<|python_tag|>", MarkerKind.Call, new JsonCalls()),
                new Marker("{", MarkerKind.MaybeCall, bare),
                new Marker("[", MarkerKind.MaybeCall, bare),
                new Marker("```json", MarkerKind.MaybeCall, bare) { Place = MarkerPlace.LineStart },
                new Marker("<function=", MarkerKind.MaybeCall, tagged),
            ],
            KeepsSpaceAfterCalls = true,
            Prime = name => "{\"name\": \"" + (name is null ? "" : $"{name}\", \"parameters\": "),
        };
    }

    public static OutputFormat Granite3() => new("granite3")
    {
        Thoughts =
        [
            Think,
            new("Here is my thought process:", "Here is my response:", MarkerPlace.Start),
            new("Here's my thought process:", "Here's my response:", MarkerPlace.Start),
        ],
        Calls =
        [
            new Marker("<|tool_call|>", MarkerKind.Call, new JsonCalls("</tool_call>")),
            new Marker("<tool_call>", MarkerKind.Call, new JsonCalls("</tool_call>")),
            .. HermesFormats.Bare(null),
        ],
        Wrappers = ["<response>"],
        Noise = ["</response>", "<|end_of_role|>", "</tool_call>", "<|/tool_call|>"],
        Prime = List("<|tool_call|>"),
    };

    public static OutputFormat NemotronNano2() => new("nemotron_nano_v2")
    {
        Thoughts = [Think],
        Calls = [new Marker("<TOOLCALL>", MarkerKind.Call, new JsonCalls("</TOOLCALL>")), .. HermesFormats.Bare(null)],
        Noise = ["</TOOLCALL>", "<SPECIAL_10>", "<SPECIAL_11>", "<SPECIAL_12>"],
        Prime = List("<TOOLCALL>"),
    };

    public static OutputFormat Jamba() => new("jamba")
    {
        Calls =
        [
            new Marker("<tool_calls>", MarkerKind.Call, new JsonCalls("</tool_calls>")),
            .. HermesFormats.Bare(null),
        ],
        Noise = ["</tool_calls>", "<|eom|>"],
        Prime = List("<tool_calls>"),
    };

    public static OutputFormat HunyuanA13B() => new("hunyuan_a13b")
    {
        Thoughts = [Think],
        Calls =
        [
            new Marker("<tool_calls>", MarkerKind.Call, new JsonCalls("</tool_calls>")),
            .. HermesFormats.Bare(null),
        ],
        Wrappers = ["<answer>"],
        Noise = ["</answer>", "</tool_calls>", "<|eos|>"],
        Prime = List("<tool_calls>"),
    };

    public static OutputFormat Apriel() => new("apriel")
    {
        Thoughts =
        [
            new("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]", MarkerPlace.Start),
            new("<thinking>", "</thinking>"),
        ],
        Calls =
        [
            new Marker("<tool_calls>", MarkerKind.Call, new JsonCalls("</tool_calls>")),
            new Marker("<tool_call>", MarkerKind.Call, new JsonCalls("</tool_call>")),
            .. HermesFormats.Bare(null),
        ],
        Wrappers = ["[BEGIN FINAL RESPONSE]"],
        Noise = ["[END FINAL RESPONSE]", "</tool_calls>", "</tool_call>", "<|end|>"],
        Prime = List("<tool_calls>"),
    };

    public static OutputFormat Apertus() => new("apertus")
    {
        Thoughts = [new("<|inner_prefix|>", "<|inner_suffix|>")],
        Calls = [new Marker("<|tools_prefix|>", MarkerKind.Call, new JsonCalls("<|tools_suffix|>"))],
        Noise = ["<|tools_suffix|>", "<|assistant_end|>"],
        Prime = name => "<|tools_prefix|>[{\"" + (name is null ? "" : $"{name}\": "),
    };

    public static Func<string?, string> List(string opener) =>
        name => opener + "[{\"name\": \"" + (name is null ? "" : $"{name}\", \"arguments\": ");
}
