namespace FastMlx.Composition.Models;

/// <summary>One model's place in the house. Changed under the house's lock only.</summary>
internal sealed class HouseRoom<T>(long bytes, Func<CancellationToken, Task<T>> load)
    where T : class
{
    public Func<CancellationToken, Task<T>> Load { get; } = load;

    /// <summary>What it takes, or will take: planned until it is loaded.</summary>
    public long Bytes { get; set; } = bytes;

    public HouseState State { get; set; }

    public T? Model { get; set; }

    // Invariant: 0 unless State is Present.
    public int Leases { get; set; }

    /// <summary>When the last lease ended: the clock's timestamp.</summary>
    public long Used { get; set; }

    public Exception? Failure { get; set; }

    public long Failed { get; set; }

    public int Loads { get; set; }

    public int Evictions { get; set; }
}

/// <summary>What others may know of a room: a copy.</summary>
internal readonly record struct HouseView<T>(
    HouseState State, T? Model, int Leases, int Waiting, int Loads, int Evictions, string? Failure);
