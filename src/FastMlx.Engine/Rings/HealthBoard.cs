namespace FastMlx.Engine.Rings;

/// <summary>
/// Facts that the engine thread publishes (the watchdog too, rarely) and anyone reads, without a lock: a sequence lock
/// around the health, whose writers take turns.
/// </summary>
internal sealed class HealthBoard
{
    private EngineHealth _health = EngineHealth.Opening;
    private int _version; // Odd while a write is going on.
    private ModelInfo? _model;
    private EngineLimits? _limits;

    public EngineHealth Snapshot
    {
        get
        {
            var spin = default(SpinWait);
            while (true)
            {
                // Acquire: fields must not be read before the version.
                var before = Volatile.Read(ref _version);
                if ((before & 1) == 0)
                {
                    var health = _health;

                    // Full fence: the fields must be read before the version is looked at again.
                    Interlocked.MemoryBarrier();
                    if (Volatile.Read(ref _version) == before)
                    {
                        return health;
                    }
                }

                spin.SpinOnce();
            }
        }
    }

    // Acquire on both: the object's fields must not be read before the reference that publishes it.
    public ModelInfo? Model => Volatile.Read(ref _model);

    public EngineLimits? Limits => Volatile.Read(ref _limits);

    public void Publish(in EngineHealth health)
    {
        var version = BeginWrite();
        _health = health;
        EndWrite(version);
    }

    public void Publish(ModelInfo model, EngineLimits limits)
    {
        // Release on both: the object must be complete before its reference is visible.
        Volatile.Write(ref _model, model);
        Volatile.Write(ref _limits, limits); // Last: who sees limits sees the model.
    }

    public void Mark(EngineState state, string? reason)
    {
        var version = BeginWrite();
        _health = _health with { State = state, Reason = reason };
        EndWrite(version);
    }

    private int BeginWrite()
    {
        var spin = default(SpinWait);
        while (true)
        {
            var version = Volatile.Read(ref _version);

            // Interlocked: one writer at a time, and the odd version is visible before the first field changes.
            if ((version & 1) == 0 && Interlocked.CompareExchange(ref _version, version + 1, version) == version)
            {
                return version;
            }

            spin.SpinOnce();
        }
    }

    // Release: all fields must be visible before the version is even again.
    private void EndWrite(int version) => Volatile.Write(ref _version, version + 2);
}
