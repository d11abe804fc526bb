using FastMlx.Api;

namespace FastMlx.Composition;

/// <summary>A reply that is sent when it is complete: a body, or an error.</summary>
internal interface IWholeReply : IReply
{
    ReadOnlyMemory<byte> Body { get; }

    ApiError? Error { get; }
}
