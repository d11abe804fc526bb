using BenchmarkDotNet.Attributes;
using FastMlx.Chat;
using FastMlx.Chat.Output;

namespace FastMlx.Benchmarks;

/// <summary>Plain text through the tool-call parser, a token's worth at a time: what every token pays.</summary>
public class OutputParserBench
{
    private readonly Sink _sink = new();
    private OutputParser _parser = null!;

    [GlobalSetup]
    public void Setup() => _parser = new OutputParser(
        OutputFormat.Find("hermes_json")!, ToolSchemas.None, _sink, new CallPolicy(), isThinking: false);

    [Benchmark]
    public int TextToken()
    {
        _parser.Feed(" token, plain"u8);
        return _sink.Bytes;
    }

    private sealed class Sink : IChatEventSink
    {
        public int Bytes { get; private set; }

        public void Text(ReadOnlySpan<byte> utf8) => Bytes += utf8.Length;

        public void Thinking(ReadOnlySpan<byte> utf8) => Bytes += utf8.Length;

        public void ToolCallBegin(string name, string? wireId)
        {
        }

        public void ToolCallArguments(ReadOnlySpan<byte> utf8Json)
        {
        }

        public void ToolCallEnd()
        {
        }
    }
}
