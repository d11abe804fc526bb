namespace FastMlx.Chat.Output;

/// <summary>Further families whose parameters stand between tags: Seed-OSS, MiniMax, Functionary 3.1.</summary>
internal static class TaggedFormats
{
    public static OutputFormat Seed()
    {
        var tagged = new TaggedCalls(HermesFormats.FunctionTags("seed:tool_call"));
        return new("seed_oss")
        {
            Thoughts = [new("<seed:think>", "</seed:think>")],
            Calls = [new Marker("<seed:tool_call>", MarkerKind.Call, tagged), .. HermesFormats.Bare(tagged)],
            Noise = ["</seed:tool_call>", "</function>", "</parameter>", "<seed:eos>", "<seed:bos>"],
            Prime = name => name is null
                ? "<seed:tool_call>\n<function="
                : $"<seed:tool_call>\n<function={name}>\n",
        };
    }

    public static OutputFormat MiniMax()
    {
        var tagged = new TaggedCalls(new TagDialect(
            ">", "<parameter name=\"", "</parameter>", "<invoke name=\"", "</invoke>", "<minimax:tool_call>",
            "</minimax:tool_call>", "</invoke")
        {
            IsQuoted = true,
        });
        return new("minimax_m2")
        {
            Thoughts = [new("<think>", "</think>")],
            Calls =
            [
                new Marker("<minimax:tool_call>", MarkerKind.Call, tagged),
                new Marker("<invoke name=\"", MarkerKind.MaybeCall, tagged),
            ],
            Noise = ["</minimax:tool_call>", "</invoke>", "[e~["],
            Prime = name => "<minimax:tool_call>\n<invoke name=\"" + (name is null ? "" : $"{name}\">\n"),
        };
    }

    public static OutputFormat Functionary31()
    {
        var tagged = new TaggedCalls(HermesFormats.FunctionTags("tool_call"));
        return new("functionary_v31")
        {
            Calls =
            [
                new Marker("<function=", MarkerKind.MaybeCall, tagged),
                new Marker("<|python_tag|>", MarkerKind.Call, new JsonCalls()),
            ],
            Noise = ["</function>"],
            Prime = name => "<function=" + (name is null ? "" : $"{name}>"),
        };
    }
}
