using FastMlx.Chat.Output;
using Xunit;

namespace FastMlx.Tests.Chat.Output;

/// <summary>A forced call: its opening text, fed first, and what a model writes behind it are one call.</summary>
public sealed class PrimedCallTests
{
    [Theory]
    [InlineData("hermes_json", "{\"command\": \"ls\"}}\n</tool_call>")]
    [InlineData("qwen3_coder", "<parameter=command>\nls\n</parameter>\n</function>\n</tool_call>")]
    [InlineData("seed_oss", "<parameter=command>ls</parameter>\n</function>\n</seed:tool_call>")]
    [InlineData("glm", "<arg_key>command</arg_key>\n<arg_value>ls</arg_value>\n</tool_call>")]
    [InlineData("longcat", "<longcat_arg_key>command</longcat_arg_key>\n<longcat_arg_value>ls</longcat_arg_value>\n</longcat_tool_call>")]
    [InlineData("hy3", "<arg_key:opensource>command</arg_key:opensource>\n<arg_value:opensource>ls</arg_value:opensource>\n</tool_call:opensource>")]
    [InlineData("minimax_m2", "<parameter name=\"command\">ls</parameter>\n</invoke>\n</minimax:tool_call>")]
    [InlineData("deepseek_r1", "{\"command\": \"ls\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>")]
    [InlineData("deepseek_v31", "{\"command\": \"ls\"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>")]
    [InlineData("deepseek_dsml", "<｜DSML｜parameter name=\"command\" string=\"true\">ls</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜tool_calls>")]
    [InlineData("kimi_k2", "{\"command\": \"ls\"}<|tool_call_end|><|tool_calls_section_end|>")]
    [InlineData("kimi_k3_xtml", "<|open|>argument key=\"command\" type=\"string\"<|sep|>ls<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>")]
    [InlineData("mistral", "{\"command\": \"ls\"}")]
    [InlineData("mistral_list", "{\"command\": \"ls\"}}]")]
    [InlineData("gpt_oss", "{\"command\": \"ls\"}<|call|>")]
    [InlineData("llama3_json", "{\"command\": \"ls\"}}")]
    [InlineData("pythonic", "command='ls')]<|tool_call_end|>")]
    [InlineData("pythonic_bare", "command='ls')]")]
    [InlineData("gemma4", "command:<|\"|>ls<|\"|>}<tool_call|>")]
    [InlineData("function_gemma", "command:<escape>ls<escape>}<end_function_call>")]
    [InlineData("granite3", "{\"command\": \"ls\"}}]")]
    [InlineData("nemotron_nano_v2", "{\"command\": \"ls\"}}]</TOOLCALL>")]
    [InlineData("jamba", "{\"command\": \"ls\"}}]</tool_calls>")]
    [InlineData("hunyuan_a13b", "{\"command\": \"ls\"}}]</tool_calls>")]
    [InlineData("apriel", "{\"command\": \"ls\"}}]</tool_calls>")]
    [InlineData("apertus", "{\"command\": \"ls\"}}]<|tools_suffix|>")]
    [InlineData("cohere", "{\"command\": \"ls\"}}]<|END_ACTION|>")]
    [InlineData("functools", "{\"command\": \"ls\"}}]")]
    [InlineData("functionary_v31", "{\"command\": \"ls\"}</function>")]
    [InlineData("functionary_v32", "{\"command\": \"ls\"}")]
    [InlineData("gigachat3", "{\"command\": \"ls\"}}")]
    [InlineData("gigachat31", "{\"command\": \"ls\"}}")]
    [InlineData("glimmer_atem", "<atem:parameter name=\"command\">ls</atem:parameter>\n</atem:invoke>\n</atem:function_calls><|eot|>")]
    [InlineData("inkling", "{\"command\": \"ls\"}}<|end_message|>")]
    [InlineData("xlam", "{\"command\": \"ls\"}}]")]
    public void PrimedCall_IsRead(string format, string rest)
    {
        OutputFormat output = OutputFormat.Find(format)!;
        var decoder = new OutputDecoder(
            new FakeTextDecoder([.. VectorRun.Characters(rest)]),
            new OutputOptions { Format = output, Tools = SampleTools.All, Primed = output.PrimeCall("Bash") });
        var sink = new Collector();
        for (int id = 0; id < VectorRun.Characters(rest).Count(); id++)
            decoder.Push([id], sink);
        OutputSummary summary = decoder.Finish(isTruncated: false, sink);
        Assert.Equal(1, summary.ToolCallCount);
        CollectedCall call = Assert.Single(sink.Calls);
        Assert.Equal(("Bash", "{\"command\": \"ls\"}"), (call.Name, call.ArgumentsJson));
        Assert.Equal(("", ""), (sink.Content, sink.Reasoning));
    }

    [Fact]
    public void EveryFormat_HasAPrimedCallTest()
    {
        HashSet<string> tested = [.. typeof(PrimedCallTests).GetMethod(nameof(PrimedCall_IsRead))!
            .GetCustomAttributes(typeof(InlineDataAttribute), false)
            .Select(data => (string)((InlineDataAttribute)data).Data[0]!)];
        Assert.Empty(OutputFormat.Names.Where(name => !tested.Contains(name)));
    }
}
