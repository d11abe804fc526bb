namespace FastMlx.Chat.Output;

/// <summary>
/// All formats, in the order in which they are looked for: the narrow signs before the wide ones. A sign is a text in
/// the template; several in one line must all be there.
/// </summary>
internal static class FormatTable
{
    private static readonly FormatEntry[] Entries =
    [
        new(TaggedFormats.MiniMax(), ["minimax"], ["<minimax:tool_call>"]),
        new(GemmaFormats.Gemma4(), [], ["<|tool_call>", "<tool_call|>"]),
        new(GemmaFormats.FunctionGemma(), [], ["<start_function_call>"]),
        new(GlmFormats.LongCat(), [], ["<longcat_tool_call>"]),
        new(GlmFormats.Hunyuan3(), ["hy_v3"], ["tool_call:opensource"]),
        new(GlmFormats.Glm(), ["glm47", "glm45", "glm4_moe"], ["<arg_key>"]),
        new(DeepSeekFormats.Dsml(), ["deepseek_v32", "deepseek_v4"], ["DSML"]),
        new(KimiFormats.K3(), ["kimi_k3"], ["<|open|>", "<|sep|>"]),
        new(PythonFormats.Pythonic(), ["lfm2", "olmo3"],
            ["<|tool_list_start|>"], ["<|tool_call_start|>"], ["List of tools: ["], ["<function_calls>"]),
        new(TaggedFormats.Seed(), [], ["<seed:tool_call>"]),
        new(HermesFormats.QwenCoder(), ["qwen3_xml", "qwen3_coder_xml", "step3p5"], ["<tool_call>", "<function="]),
        new(TaggedFormats.Functionary31(), [], ["<function="]),
        new(KimiFormats.K2(), ["kimi"], ["<|tool_calls_section_begin|>"]),
        new(ChannelFormats.Glimmer(), ["muse"], ["atem:function_calls"]),
        new(ChannelFormats.GptOss(), ["harmony"], ["<|channel|>"]),
        new(ChannelFormats.Functionary32(), [], [">>>all"], [">>>"]),
        new(ChannelFormats.Inkling(), [], ["<|content_invoke_tool_json|>"]),
        new(MistralFormats.Mistral(), ["ministral3"], ["[TOOL_CALLS]", "[ARGS]"]),
        new(MistralFormats.MistralList(), [], ["[TOOL_CALLS]"]),
        new(PrefixedJsonFormats.Cohere(), ["command_r"], ["<|START_ACTION|>"], ["Action:", "tool_name"]),
        new(DeepSeekFormats.R1(), ["deepseek_v3", "deepseek"], ["<｜tool▁calls▁begin｜>", "```json"]),
        new(DeepSeekFormats.V31(), [], ["<｜tool▁calls▁begin｜>"]),
        new(JsonFormats.NemotronNano2(), ["nemotron"], ["<TOOLCALL>"]),
        new(JsonFormats.Apertus(), [], ["<|tools_prefix|>"]),
        new(PrefixedJsonFormats.Functools(), ["phi4_mini", "firefunction"], ["functools"]),
        new(PrefixedJsonFormats.GigaChat31(), [], ["<|function_call|>"]),
        new(PrefixedJsonFormats.GigaChat3(), [], ["function call", "<|role_sep|>"]),
        new(JsonFormats.Apriel(), [], ["[BEGIN FINAL RESPONSE]"], ["Here are my reasoning steps"]),
        new(JsonFormats.HunyuanA13B(), ["hunyuan"], ["<tool_calls>", "<answer>"], ["<tool_calls>", "<think>"]),
        new(JsonFormats.Jamba(), ["minimax_m1"], ["<tool_calls>"]),
        new(JsonFormats.Granite3(), ["granite"], ["<|tool_call|>"], ["Here is my thought process"]),
        new(PythonFormats.Bare(), ["llama4_pythonic"], ["<|python_start|>"], ["func_name1(param"]),
        new(HermesFormats.Hermes(), ["json_tools", "hermes", "qwen", "qwen3", "qwen25"], ["<tool_call>"]),
        new(MistralFormats.Xlam(), [], ["xlam"]),
        new(JsonFormats.Llama3(), ["llama", "llama3", "llama4_json"], ["<|python_tag|>"], ["\"parameters\""]),
    ];

    /// <summary>Where the template has no sign: tokens that only one format has.</summary>
    private static readonly (string Token, string Format)[] Tokens =
    [
        ("<|tool_call>", "gemma4"), ("<minimax:tool_call>", "minimax_m2"), ("<arg_key>", "glm"),
        ("<|tool_calls_section_begin|>", "kimi_k2"), ("<seed:tool_call>", "seed_oss"),
        ("<|tool_call_start|>", "pythonic"),
        ("<|channel|>", "gpt_oss"), ("<｜tool▁calls▁begin｜>", "deepseek_v31"), ("[TOOL_CALLS]", "mistral"),
        ("<|START_ACTION|>", "cohere"), ("<tool_call>", "hermes_json"), ("<|python_tag|>", "llama3_json"),
    ];

    public static IEnumerable<string> Names => Entries.Select(entry => entry.Format.Name);

    public static OutputFormat? Find(string name)
    {
        string folded = name.Replace('-', '_').ToLowerInvariant();
        foreach (FormatEntry entry in Entries)
        {
            if (entry.Format.Name == folded || entry.Aliases.Contains(folded))
                return entry.Format;
        }
        return null;
    }

    public static OutputFormat Choose(string template, IReadOnlySet<string> addedTokens)
    {
        foreach (FormatEntry entry in Entries)
        {
            if (entry.Matches(template))
                return entry.Format;
        }
        foreach ((string token, string format) in Tokens)
        {
            if (addedTokens.Contains(token))
                return Find(format)!;
        }
        return Find("hermes_json")!;
    }
}
