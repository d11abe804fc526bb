using FastMlx.Api;

namespace FastMlx.Composition;

/// <summary>A reply that is sent when it is complete: a body, or an error.</summary>
internal interface IWholeReply : IReply
{
    public ReadOnlyMemory<byte> Body { get; }

    public ApiError? Error { get; }
}
