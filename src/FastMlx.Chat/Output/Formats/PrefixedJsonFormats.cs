namespace FastMlx.Chat.Output;

/// <summary>JSON calls behind words or tokens of their own: Cohere, firefunction, Phi-4-mini, GigaChat.</summary>
internal static class PrefixedJsonFormats
{
    public static OutputFormat Cohere()
    {
        var json = new JsonCalls("<|END_ACTION|>") { PseudoTools = ["directly_answer", "directly-answer"] };
        return new("cohere")
        {
            Thoughts = [new("<|START_THINKING|>", "<|END_THINKING|>")],
            Calls =
            [
                new Marker("<|START_ACTION|>", MarkerKind.Call, json),
                new Marker("Action:", MarkerKind.MaybeCall, new PrefixedJsonCalls(json))
                {
                    Place = MarkerPlace.LineStart,
                },
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
            Prime = JsonFormats.List(" functools"),
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
}
