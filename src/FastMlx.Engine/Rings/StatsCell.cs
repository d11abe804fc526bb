namespace FastMlx.Engine.Rings;

/// <summary>
/// A sequence lock around one <see cref="GenerationStats"/>: the engine thread writes, anyone reads a whole value
/// without a lock. A reader repeats where it met a write; writes are short and once a step.
/// </summary>
internal sealed class StatsCell
{
    private GenerationStats _value;
    private int _version; // Odd while a write is going on.

    public void Write(in GenerationStats value)
    {
        // Interlocked: the odd version must be visible before the first field changes.
        Interlocked.Increment(ref _version);
        _value = value;

        // Release: all fields must be visible before the version is even again.
        Volatile.Write(ref _version, _version + 1);
    }

    public GenerationStats Read()
    {
        var spin = default(SpinWait);
        while (true)
        {
            // Acquire: fields must not be read before the version.
            var before = Volatile.Read(ref _version);
            if ((before & 1) == 0)
            {
                var value = _value;

                // Full fence: the fields must be read before the version is looked at again.
                Interlocked.MemoryBarrier();
                if (Volatile.Read(ref _version) == before)
                {
                    return value;
                }
            }

            spin.SpinOnce();
        }
    }
}
