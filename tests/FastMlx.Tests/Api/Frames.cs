using System.Buffers;
using System.Text;
using FastMlx.Api;

namespace FastMlx.Tests.Api;

/// <summary>Keeps what a stream writer wrote, and where its events ended.</summary>
internal sealed class Frames : IEventOutput
{
    private readonly ArrayBufferWriter<byte> _bytes = new(1 << 16);

    public List<int> Ends { get; } = [];

    public string Text => Encoding.UTF8.GetString(_bytes.WrittenSpan);

    public ReadOnlySpan<byte> Bytes => _bytes.WrittenSpan;

    public void Advance(int count) => _bytes.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0) => _bytes.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => _bytes.GetSpan(sizeHint);

    public void EndEvent() => Ends.Add(_bytes.WrittenCount);

    public void Clear()
    {
        _bytes.ResetWrittenCount();
        Ends.Clear();
    }
}
