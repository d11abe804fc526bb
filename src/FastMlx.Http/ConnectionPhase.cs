namespace FastMlx.Http;

/// <summary>What a connection waits for; each phase but the handler's has its own deadline.</summary>
internal enum ConnectionPhase
{
    Idle,
    Head,
    Handler,
    Body,
    Linger,
}
