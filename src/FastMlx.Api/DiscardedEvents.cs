using System.Buffers;

namespace FastMlx.Api;

/// <summary>Takes events and forgets them: a stream writer behind it is only a collector.</summary>
internal sealed class DiscardedEvents : IEventOutput
{
    private readonly ArrayBufferWriter<byte> _bytes = new(1024);

    public void Advance(int count) => _bytes.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0) => _bytes.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _bytes.GetSpan(sizeHint);

    public void EndEvent() => _bytes.ResetWrittenCount();
}
