using FastMlx.Engine;

namespace FastMlx.Tests.Engine;

/// <summary>A step of the hash model: what it will tell when it has ended.</summary>
internal sealed class HashStep(StepRow[] rows)
{
    public StepRow[] Rows { get; } = rows;

    public int[] Next { get; } = new int[rows.Length];

    /// <summary>Of each row's last position, where it samples.</summary>
    public ulong[] Hashes { get; } = new ulong[rows.Length];

    /// <summary>Of the rows that were adjusted: positions' hashes and the tokens asked for.</summary>
    public Dictionary<int, List<(ulong Hash, int Token)>> Scores { get; } = [];
}
