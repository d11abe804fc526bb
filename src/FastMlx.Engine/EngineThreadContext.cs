using FastMlx.Engine.Rings;
using Microsoft.Extensions.Logging;

namespace FastMlx.Engine;

/// <summary>What an engine thread shares with its loop, and hands on to its successor.</summary>
internal sealed record EngineThreadContext(
    Func<IModel> Open,
    EngineOptions Options,
    TimeProvider Time,
    ILogger Log,
    RequestRing<LiveGeneration> Requests,
    Parker Parker,
    Delivery Delivery,
    HealthBoard Health,
    TaskCompletionSource Ready,
    DiskHolder Disk)
{
    public required Func<bool> IsStopping { get; init; }

    public required Func<double> NowMs { get; init; }
}
