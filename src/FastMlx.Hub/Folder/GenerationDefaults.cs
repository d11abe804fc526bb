namespace FastMlx.Hub;

/// <summary>What generation_config.json says about sampling; null where it says nothing.</summary>
public sealed record GenerationDefaults
{
    public bool? DoSample { get; init; }
    public float? Temperature { get; init; }
    public float? TopP { get; init; }
    public int? TopK { get; init; }
    public float? MinP { get; init; }
    public float? RepetitionPenalty { get; init; }
}
