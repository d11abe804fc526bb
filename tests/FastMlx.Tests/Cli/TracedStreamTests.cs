using System.Buffers;
using FastMlx.Composition;
using FastMlx.Http;
using Xunit;

namespace FastMlx.Tests.Cli;

public sealed class TracedStreamTests
{
    [Fact]
    public async Task Trace_IsWhatTheClientWasSent()
    {
        var sent = new RecordingStream();
        var kept = new ArrayBufferWriter<byte>();
        await using (var traced = new TracedStream(sent, bytes => kept.Write(bytes.Span)))
        {
            traced.Write("event: ping\n"u8);
            traced.GetSpan(3)[0] = (byte)'a';
            traced.Advance(1);
            // Two advances over one piece of memory.
            Memory<byte> open = traced.GetMemory(8);
            "xy"u8.CopyTo(open.Span);
            traced.Advance(1);
            traced.Advance(1);
            traced.EndEvent();
            await traced.FlushAsync();
        }

        Assert.Equal("event: ping\naxy"u8, kept.WrittenSpan);
        Assert.Equal(kept.WrittenSpan, sent.Bytes.WrittenSpan);
        Assert.Equal("end flush dispose ", sent.Calls);
    }

    private sealed class RecordingStream : EventStream
    {
        public ArrayBufferWriter<byte> Bytes { get; } = new();

        public string Calls { get; private set; } = "";

        public override void Advance(int count) => Bytes.Advance(count);

        public override Memory<byte> GetMemory(int sizeHint = 0) => Bytes.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => Bytes.GetSpan(sizeHint);

        public override void EndEvent() => Calls += "end ";

        public override ValueTask FlushAsync()
        {
            Calls += "flush ";
            return ValueTask.CompletedTask;
        }

        public override ValueTask DisposeAsync()
        {
            Calls += "dispose ";
            return ValueTask.CompletedTask;
        }
    }
}
