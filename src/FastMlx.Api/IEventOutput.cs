using System.Buffers;

namespace FastMlx.Api;

/// <summary>Where a writer puts its server-sent events: whole frames, each ended by <see cref="EndEvent"/>.</summary>
public interface IEventOutput : IBufferWriter<byte>
{
    public void EndEvent();
}
