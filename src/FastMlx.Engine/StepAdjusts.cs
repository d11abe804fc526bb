namespace FastMlx.Engine;

/// <summary>The adjustments of one step's rows and the arrays that they index. They live for the call.</summary>
public readonly ref struct StepAdjusts
{
    public ReadOnlySpan<StepAdjust> Rows { get; init; }

    public ReadOnlySpan<int> Ids { get; init; }

    /// <summary>Values[i] belongs to Ids[i]; it may be shorter.</summary>
    public ReadOnlySpan<float> Values { get; init; }

    public ReadOnlySpan<uint> Mask { get; init; }
}
