namespace FastMlx.Chat.Output;

/// <summary>Families that write their calls as JSON between markers of their own, or without any.</summary>
internal static class JsonFormats
{
    private static readonly ThoughtTags Think = new("<think>", "</think>");

    public static OutputFormat Llama3()
    {
        var bare = new BareJsonCalls();
        return new("llama3_json")
        {
            Calls =
            [
                new Marker("<|python_tag|>", MarkerKind.Call, new JsonCalls()),
                new Marker("{", MarkerKind.MaybeCall, bare),
                new Marker("[", MarkerKind.MaybeCall, bare),
                new Marker("```json", MarkerKind.MaybeCall, bare) { Place = MarkerPlace.LineStart },
                new Marker("<function=", MarkerKind.MaybeCall, new TaggedCalls(HermesFormats.FunctionTags("tool_call"))),
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
        Calls = [new Marker("<tool_calls>", MarkerKind.Call, new JsonCalls("</tool_calls>")), .. HermesFormats.Bare(null)],
        Noise = ["</tool_calls>", "<|eom|>"],
        Prime = List("<tool_calls>"),
    };

    public static OutputFormat HunyuanA13B() => new("hunyuan_a13b")
    {
        Thoughts = [Think],
        Calls = [new Marker("<tool_calls>", MarkerKind.Call, new JsonCalls("</tool_calls>")), .. HermesFormats.Bare(null)],
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

    public static OutputFormat Cohere()
    {
        var json = new JsonCalls("<|END_ACTION|>") { PseudoTools = ["directly_answer", "directly-answer"] };
        return new("cohere")
        {
            Thoughts = [new("<|START_THINKING|>", "<|END_THINKING|>")],
            Calls =
            [
                new Marker("<|START_ACTION|>", MarkerKind.Call, json),
                new Marker("Action:", MarkerKind.MaybeCall, new PrefixedJsonCalls(json)) { Place = MarkerPlace.LineStart },
            ],
            Wrappers = ["<|START_RESPONSE|>", "<|START_TEXT|>"],
            Noise =
            [
                "<|END_RESPONSE|>", "<|END_TEXT|>", "<|END_ACTION|>", "<|END_OF_TURN_TOKEN|>", "<|CHATBOT_TOKEN|>",
                "<|START_OF_TURN_TOKEN|>", "<EOS_TOKEN>",
            ],
            Prime = name => "<|START_ACTION|>[\n    {\"tool_call_id\": \"0\", \"tool_name\": \""
                + (name is null ? "" : $"{name}\", \"parameters\": "),
        };
    }

    public static OutputFormat Functools()
    {
        var json = new JsonCalls();
        return new("functools")
        {
            Calls =
            [
                new Marker("functools", MarkerKind.MaybeCall, new PrefixedJsonCalls(json)),
                new Marker("<|tool_call|>", MarkerKind.Call, new JsonCalls("<|/tool_call|>")),
                .. HermesFormats.Bare(null),
            ],
            Noise = ["<|/tool_call|>", "<|end|>"],
            Prime = List(" functools"),
        };
    }

    public static OutputFormat GigaChat3() => new("gigachat3")
    {
        Calls = [new Marker("function call<|role_sep|>", MarkerKind.Call, new JsonCalls())],
        Noise = ["<|message_sep|>", "<|role_sep|>", "assistant<|role_sep|>"],
        Prime = name => "<|message_sep|>\n\nfunction call<|role_sep|>\n{\"name\": \""
            + (name is null ? "" : $"{name}\", \"arguments\": "),
    };

    public static OutputFormat GigaChat31() => new("gigachat31")
    {
        Calls = [new Marker("<|function_call|>", MarkerKind.Call, new JsonCalls())],
        Noise = ["<|message_sep|>", "<|role_sep|>", "assistant<|role_sep|>"],
        Prime = name => "<|function_call|>{\"name\": \"" + (name is null ? "" : $"{name}\", \"arguments\": "),
    };

    private static Func<string?, string> List(string opener) =>
        name => opener + "[{\"name\": \"" + (name is null ? "" : $"{name}\", \"arguments\": ");
}
