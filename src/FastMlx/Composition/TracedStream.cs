using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>An event stream that shows its bytes to a trace before they are sent.</summary>
internal sealed class TracedStream(EventStream inner, Action<ReadOnlyMemory<byte>> keep) : EventStream
{
    // What was handed out and not yet advanced over.
    private Memory<byte> _open;

    public override void Advance(int count)
    {
        keep(_open[..count]);
        _open = _open[count..];
        inner.Advance(count);
    }

    public override Memory<byte> GetMemory(int sizeHint = 0) => _open = inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void EndEvent() => inner.EndEvent();

    public override ValueTask FlushAsync() => inner.FlushAsync();

    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}
