using FastMlx.Api;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>Joins the Api room's frames to the Http room's stream.</summary>
internal sealed class EventOutput(EventStream stream) : IEventOutput
{
    /// <summary>Events written so far.</summary>
    public long Events { get; private set; }

    public void Advance(int count) => stream.Advance(count);

    public Memory<byte> GetMemory(int sizeHint = 0) => stream.GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => stream.GetSpan(sizeHint);

    public void EndEvent()
    {
        Events++;
        stream.EndEvent();
    }
}
