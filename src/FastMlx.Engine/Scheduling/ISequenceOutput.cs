namespace FastMlx.Engine.Scheduling;

/// <summary>Where the scheduler puts what a sequence produces, and where it reads the cancel flag.</summary>
internal interface ISequenceOutput
{
    public bool CancelRequested { get; }

    /// <summary>Tokens that may be written now.</summary>
    public int Room { get; }

    /// <summary>The scheduler holds the sequence back for want of room: wake it when room appears after this.</summary>
    public void Stall();

    public void Write(int token);

    public void Report(in GenerationStats stats);

    /// <summary>Called once; nothing follows.</summary>
    public void End(FinishReason reason, string? failure);
}
