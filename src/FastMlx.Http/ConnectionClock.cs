namespace FastMlx.Http;

/// <summary>
/// Says when a connection has waited too long. Written by the connection's task, read by the server's one timer: a
/// stale read costs one tick, never a wrong verdict, because the connection asks again itself before it acts.
/// </summary>
internal sealed class ConnectionClock(TimeProvider time, HttpLimits limits)
{
    private const long NotSending = long.MinValue;

    private volatile ConnectionPhase _phase;
    private long _since = time.GetTimestamp();
    private long _bodyBytes;
    private long _sendingSince = NotSending;

    public ConnectionPhase Phase => _phase;

    public void Enter(ConnectionPhase phase)
    {
        Volatile.Write(ref _bodyBytes, 0);
        Volatile.Write(ref _since, time.GetTimestamp());
        _phase = phase; // Last: a tick that sees the new phase also sees its start.
    }

    public void CountBody(long bytes) => Volatile.Write(ref _bodyBytes, _bodyBytes + bytes);

    public void BeginSend() => Volatile.Write(ref _sendingSince, time.GetTimestamp());

    public void EndSend() => Volatile.Write(ref _sendingSince, NotSending);

    public bool IsSendStalled()
    {
        long since = Volatile.Read(ref _sendingSince);
        return since != NotSending && time.GetElapsedTime(since) >= limits.WriteStall;
    }

    public bool IsExpired()
    {
        ConnectionPhase phase = _phase;
        TimeSpan waited = time.GetElapsedTime(Volatile.Read(ref _since));
        return phase switch
        {
            ConnectionPhase.Idle => waited >= limits.KeepAliveIdle,
            ConnectionPhase.Head => waited >= limits.HeadTimeout,
            ConnectionPhase.Body => waited >= limits.BodyTimeout || IsBodySlow(waited),
            ConnectionPhase.Linger => waited >= limits.LingerTime,
            _ => false,
        };
    }

    private bool IsBodySlow(TimeSpan waited) => waited >= limits.BodyGrace
        && Volatile.Read(ref _bodyBytes) < waited.TotalSeconds * limits.BodyBytesPerSecond;
}
