namespace FastMlx.Engine.Scheduling;

/// <summary>Counts since the start; written by the engine thread.</summary>
internal sealed class SchedulerTotals
{
    public long Steps { get; set; }
    public long Requests { get; set; }
    public long PromptTokens { get; set; }
    public long ReusedTokens { get; set; }
    public long PrefilledTokens { get; set; }
    public long SampledTokens { get; set; }
    public long Failures { get; set; }
    public long Preemptions { get; set; }
}
