namespace FastMlx.Chat.Output;

/// <summary>
/// Families that write messages with a header each: gpt-oss (harmony), Glimmer, Inkling, Functionary 3.2.
/// </summary>
internal static class ChannelFormats
{
    private static readonly TaggedCalls Atem = new(new TagDialect(
        ">", "<atem:parameter name=\"", "</atem:parameter>", "<atem:invoke name=\"", "</atem:invoke>",
        "<atem:function_calls>", "</atem:function_calls>", "</atem:invoke")
    {
        IsQuoted = true,
    });

    public static OutputFormat GptOss() => new("gpt_oss")
    {
        Noise = ["<|constrain|>", "<|call|>", "<|end|>", "<|return|>", "<|start|>", "<|channel|>", "<|message|>"],
        Channels = (session, isThinking) => new ChannelMachine(session, ["<|end|>", "<|call|>", "<|return|>"], null)
            .RunAsync(isThinking),
        Prime = name => "<|channel|>commentary to=functions."
            + (name is null ? "" : $"{name} <|constrain|>json<|message|>"),
    };

    public static OutputFormat Glimmer() => new("glimmer_atem")
    {
        Noise = ["<|eom|>", "<|eot|>", "<|start|>", "<|message|>", "</atem:function_calls>", "<|channel|>"],
        Calls = [new Marker("<atem:function_calls>", MarkerKind.Call, Atem)],
        Channels = (session, isThinking) => new ChannelMachine(session, ["<|eom|>", "<|eot|>"], Atem)
            .RunAsync(isThinking),
        Prime = name => name is null
            ? " to="
            : $" to={name}<|message|><atem:function_calls>\n<atem:invoke name=\"{name}\">\n",
    };

    public static OutputFormat Inkling() => new("inkling")
    {
        Thoughts = [new("<|content_thinking|>", "<|end_message|>") { IsCloseShared = true }],
        Calls = [new Marker("<|content_invoke_tool_json|>", MarkerKind.Call, new JsonCalls())],
        Wrappers = ["<|content_text|>"],
        Noise = ["<|message_model|>", "<|content_model_end_sampling|>"],
        NameBefore = new Marker("<|content_invoke_tool_json|>", MarkerKind.Call),
        Prime = name => name is null
            ? "<|message_model|>"
            : $"<|message_model|>{name}<|content_invoke_tool_json|>{{\"name\": \"{name}\", \"args\": ",
    };

    public static OutputFormat Functionary32()
    {
        return new("functionary_v32")
        {
            Calls = [new Marker(">>>", MarkerKind.MaybeCall, new FunctionaryCalls())],
            Channels = async (session, isThinking) =>
            {
                await FunctionaryCalls.BeginAsync(session);
                return await new OutputMachine(session).RunAsync(isThinking);
            },
            Prime = name => name is null ? "" : $"{name}\n",
        };
    }
}
