namespace FastMlx.Chat.Output;

/// <summary>GLM's pairs of keys and values, and the families that spell the same tags differently.</summary>
internal static class GlmFormats
{
    public static OutputFormat Glm()
    {
        var tagged = new TaggedCalls(HermesFormats.FunctionTags("tool_call"));
        var tag = new ToolCallTag(new JsonCalls("</tool_call>"), tagged, new GlmCalls(new GlmTags()));
        return new("glm")
        {
            Thoughts = [new("<think>", "</think>")],
            Calls = [new Marker("<tool_call>", MarkerKind.Call, tag), .. HermesFormats.Bare(tagged)],
            Noise =
            [
                "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "<|user|>", "<|observation|>",
                "<|assistant|>",
            ],
            Prime = name => name is null ? "<tool_call>" : $"<tool_call>{name}\n",
        };
    }

    public static OutputFormat LongCat()
    {
        var tagged = new TaggedCalls(HermesFormats.FunctionTags("longcat_tool_call"));
        var tag = new ToolCallTag(
            new JsonCalls("</longcat_tool_call>"), tagged, new GlmCalls(new GlmTags("longcat_")));
        return new("longcat")
        {
            Thoughts = [new("<longcat_think>", "</longcat_think>")],
            Calls = [new Marker("<longcat_tool_call>", MarkerKind.Call, tag), .. HermesFormats.Bare(null)],
            Noise =
            [
                "</longcat_tool_call>", "</longcat_arg_value>", "</longcat_arg_key>", "<longcat_s>", "</longcat_s>",
            ],
            Prime = name => name is null ? "<longcat_tool_call>" : $"<longcat_tool_call>{name}\n",
        };
    }

    public static OutputFormat Hunyuan3()
    {
        var glm = new GlmCalls(new GlmTags(suffix: ":opensource"));
        return new("hy3")
        {
            Thoughts = [new("<think:opensource>", "</think:opensource>")],
            Calls = [new Marker("<tool_call:opensource>", MarkerKind.Call, glm)],
            Noise =
            [
                "<tool_calls:opensource>", "</tool_calls:opensource>", "</tool_call:opensource>",
                "<tool_sep:opensource>", "</arg_key:opensource>", "</arg_value:opensource>",
            ],
            Prime = name => "<tool_calls:opensource>\n<tool_call:opensource>"
                + (name is null ? "" : $"{name}<tool_sep:opensource>\n"),
        };
    }
}
