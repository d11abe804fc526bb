namespace FastMlx.Engine;

/// <summary>The engine's door: submit requests, read their tokens. All members may be called from any thread.</summary>
public interface IGenerator
{
    public ModelInfo Model { get; }

    /// <summary>Longest timeline (prompt and answer), pinned at load, in tokens.</summary>
    public int ContextLength { get; }

    /// <summary>Admits or refuses at once.</summary>
    public SubmitResult Submit(GenerationRequest request, out Generation? generation);
}

public enum SubmitResult
{
    Accepted,
    QueueFull,
    PromptTooLong,
    NotEnoughMemory,
    Stopped,
}
