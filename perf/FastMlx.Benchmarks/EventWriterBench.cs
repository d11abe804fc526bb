using System.Buffers;
using BenchmarkDotNet.Attributes;
using FastMlx.Api;

namespace FastMlx.Benchmarks;

/// <summary>One text delta and one argument delta of the Messages stream, written as whole SSE frames.</summary>
public class EventWriterBench
{
    private readonly Output _output = new();
    private MessagesWriter _writer = null!;

    [GlobalSetup]
    public void Setup()
    {
        _writer = new MessagesWriter(_output, new IdSource(1), new ReplyOptions { Model = "bench" });
        _writer.Start(ReplyUsage.OfPrompt(1000, 900, marksCache: false));
    }

    [Benchmark]
    public int TextDelta()
    {
        _output.Clear();
        _writer.Text(" a token, \"quoted\"\n"u8);
        return _output.Written;
    }

    private sealed class Output : IEventOutput
    {
        private readonly ArrayBufferWriter<byte> _buffer = new(4096);

        public int Written => _buffer.WrittenCount;

        public void Clear() => _buffer.ResetWrittenCount();

        public void Advance(int count) => _buffer.Advance(count);

        public Memory<byte> GetMemory(int sizeHint = 0) => _buffer.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => _buffer.GetSpan(sizeHint);

        public void EndEvent()
        {
        }
    }
}
