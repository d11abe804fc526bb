using FastMlx.Chat.Output;
using Xunit;

namespace FastMlx.Tests.Chat.Output;

public sealed class StreamedArgumentsTests
{
    [Theory]
    [InlineData("qwen3_coder", "<tool_call>\n<function=Write>\n<parameter=file_path>\na\n</parameter>\n<parameter=content>\nfirst line\n")]
    [InlineData("hermes_json", "<tool_call>\n{\"name\": \"Write\", \"arguments\": {\"file_path\": \"a\", \"content\": \"first line")]
    [InlineData("glm", "<tool_call>Write\n<arg_key>file_path</arg_key>\n<arg_value>a</arg_value>\n<arg_key>content</arg_key>\n<arg_value>first line")]
    public void Call_BeginsWithItsName_AndItsTextFlows(string format, string beginning)
    {
        var sink = new Collector();
        var parser = new OutputParser(
            OutputFormat.Find(format)!, SampleTools.All, sink, new CallPolicy { StreamsArguments = true }, false);
        parser.Feed(beginning);
        Assert.Equal("Write", sink.OpenCall);
        int before = sink.OpenArgumentBytes;
        parser.Feed("more text");
        Assert.True(sink.OpenArgumentBytes >= before + "more text".Length);
    }

    [Fact]
    public void CutCall_EndsAsCut()
    {
        var sink = new Collector();
        var parser = new OutputParser(
            OutputFormat.Find("qwen3_coder")!, SampleTools.All, sink, new CallPolicy { StreamsArguments = true }, false);
        parser.Feed("<tool_call>\n<function=Write>\n<parameter=file_path>\na\n</parameter>\n<parameter=content>\nhalf");
        parser.Finish(isTruncated: true);
        Assert.Empty(sink.Calls);
        Assert.Equal("Write", Assert.Single(sink.CutCalls).Name);
        Assert.Equal("{\"file_path\": \"a\"}", parser.TruncatedCall?.ArgumentsJson);
    }
}
