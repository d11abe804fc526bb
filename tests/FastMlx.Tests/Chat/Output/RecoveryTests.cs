using FastMlx.Chat.Output;
using Xunit;

namespace FastMlx.Tests.Chat.Output;

/// <summary>The smallest texts that showed a fault, each with what it must give.</summary>
public sealed class RecoveryTests
{
    private const string Ls = "Bash{\"command\": \"ls\"}";

    [Theory]
    [InlineData("qwen3_coder", "<tool_call>\n<function=Bash\n<parameter=command>\nls\n</parameter>\n</function>\n</tool_call>", Ls, "")]
    [InlineData("qwen3_coder", "<tool_call>\n<function=Wri", "", "")]
    [InlineData("qwen3_coder", "<tool_call>\n<function=Bash>\n<parameter=command>\nls\n</function>\n</tool_call>\nand", Ls, "and")]
    [InlineData(
        "glm",
        "<tool_call>Bash\n<arg_key>command</arg_key>\n<arg_value>ls\n<arg_key>flag</arg_key>\n<arg_value>true</arg_value>\n</tool_call>",
        "Bash{\"command\": \"ls\", \"flag\": true}",
        "")]
    [InlineData("hermes_json", "<tool_call>\n{\"arguments\": {\"COMMAND\": \"ls\", \"nope\": 1}, \"name\": \"bash\"}\n</tool_call>", Ls, "")]
    [InlineData("hermes_json", "<tool_call>\n{\"name\": \"Bash\", \"arguments\": \"{\\\"command\\\": \\\"ls\\\"}\"}\n</tool_call>", Ls, "")]
    [InlineData("hermes_json", "<tool_call>\n{\"name\": \"Bash\", \"arguments\": {\"command\": \"ls\"}\n</tool_call>", Ls, "")]
    [InlineData("hermes_json", "{\"type\": \"function\", \"function\": {\"name\": \"Bash\", \"arguments\": {\"command\": \"ls\"}}}", Ls, "")]
    [InlineData("hermes_json", "<tool_call>{\"name\": \"Bash\", \"arguments\": null", "", "")]
    [InlineData("llama3_json", "<|python_tag|>{\"name\": \"ping\", \"parameters\": {}}; {\"name\": \"ping\", \"parameters\": {}}", "ping{} ping{}", "")]
    [InlineData("deepseek_dsml", "　<｜DSML｜invoke name=\"ping\">", "ping{}", "")]
    [InlineData("deepseek_dsml", "a <｜DSML｜invoke name=\"<", "", "a invoke name=\"<")]
    [InlineData("mistral", "a[TOOL_CALLS][THINK]", "", "a")]
    [InlineData("gpt_oss", "<|channel|>analysis<|channel|>commentary to=Bash<|message|>{\"command\": \"ls\"}<|call|>", Ls, "")]
    [InlineData("gemma4", "<|tool_call>call:Bash{command:<|\"|>ls,flag:true}<tool_call|>", "Bash{\"command\": \"ls,flag:true\"}", "")]
    public void Text_GivesItsCallsAndContent(string format, string text, string calls, string content)
    {
        foreach (IEnumerable<string> pieces in (IEnumerable<string>[])[[text], VectorRun.Characters(text)])
        {
            var sink = new Collector();
            var parser = new OutputParser(OutputFormat.Find(format)!, SampleTools.All, sink, new CallPolicy(), false);
            foreach (string piece in pieces)
                parser.Feed(piece);
            parser.Finish(isTruncated: false);
            Assert.Equal(calls, string.Join(' ', sink.Calls.Select(call => call.Name + call.ArgumentsJson)));
            Assert.Equal(content, sink.Content);
        }
    }

    [Fact]
    public void Nesting_IsCapped()
    {
        string deep = "<tool_call>{\"name\":\"ping\",\"arguments\":" + new string('[', 100_000);
        var sink = new Collector();
        var parser = new OutputParser(OutputFormat.Find("hermes_json")!, SampleTools.All, sink, new CallPolicy(), false);
        parser.Feed(deep);
        parser.Finish(isTruncated: true);
        Assert.True(sink.Calls.Count <= 1);
    }

    [Fact]
    public void RecursiveSchema_IsCompiled_AndUsed()
    {
        const string schema = """
            {"type":"object","properties":{"node":{"$ref":"#/$defs/N"}},
             "$defs":{"N":{"type":"object","properties":{"v":{"type":"integer"},"next":{"$ref":"#/$defs/N"}}}}}
            """;
        Assert.Equal(
            "{\"node\": {\"v\": 1, \"next\": {\"v\": 2}}}",
            ParameterCoercion.Coerce("{\"node\": {\"v\": \"1\", \"next\": {\"v\": \"2\"}}}"u8, schema, isJson: true));
    }
}
