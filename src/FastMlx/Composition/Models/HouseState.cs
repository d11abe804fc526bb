namespace FastMlx.Composition.Models;

/// <summary>Where a model of the house stands.</summary>
internal enum HouseState
{
    /// <summary>Not in memory; the next request brings it there.</summary>
    Absent,
    Loading,
    Present,

    /// <summary>On its way out; its memory is not free yet.</summary>
    Leaving,
}
