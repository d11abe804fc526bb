namespace FastMlx.Chat.Output;

/// <summary>DeepSeek R1 and V3, V3.1, and the DSML of V3.2 and V4.</summary>
internal static class DeepSeekFormats
{
    private static readonly ThoughtTags Think = new("<think>", "</think>");

    public static OutputFormat R1() => Create("deepseek_r1", name =>
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>" + (name is null ? "" : $"{name}\n```json\n"));

    public static OutputFormat V31() => Create("deepseek_v31", name =>
        "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>" + (name is null ? "" : $"{name}<｜tool▁sep｜>"));

    public static OutputFormat Dsml()
    {
        TaggedCalls v32 = Tagged("function_calls");
        TaggedCalls v4 = Tagged("tool_calls");
        return new("deepseek_dsml")
        {
            Thoughts = [Think],
            Calls =
            [
                new Marker("<｜DSML｜function_calls>", MarkerKind.Call, v32),
                new Marker("<｜DSML｜tool_calls>", MarkerKind.Call, v4),
                new Marker("<｜DSML｜invoke name=\"", MarkerKind.MaybeCall, v4),
            ],
            Noise =
            [
                "</｜DSML｜function_calls>", "</｜DSML｜tool_calls>", "</｜DSML｜invoke>", "</｜DSML｜parameter>",
                "<｜DSML｜", "</｜DSML｜", "<｜end▁of▁sentence｜>", "<｜Assistant｜>", "<｜User｜>",
            ],
            Prime = name => "<｜DSML｜tool_calls>\n<｜DSML｜invoke name=\"" + (name is null ? "" : $"{name}\">\n"),
        };
    }

    private static OutputFormat Create(string formatName, Func<string?, string> prime) => new(formatName)
    {
        Thoughts = [Think],
        Calls = [new Marker("<｜tool▁call▁begin｜>", MarkerKind.Call, new DeepSeekCalls())],
        Noise =
        [
            "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁end｜>", "<｜tool▁sep｜>",
            "<｜end▁of▁sentence｜>", "<｜Assistant｜>", "<｜User｜>",
        ],
        Prime = prime,
    };

    private static TaggedCalls Tagged(string block) => new(new TagDialect(
        ">", "<｜DSML｜parameter name=\"", "</｜DSML｜parameter>", "<｜DSML｜invoke name=\"", "</｜DSML｜invoke>",
        $"<｜DSML｜{block}>", $"</｜DSML｜{block}>", "</｜DSML｜invoke")
    {
        IsQuoted = true,
        TextAttribute = "string=\"true\"",
    });
}
