namespace FastMlx.Chat;

/// <summary>A conversation as token ids, with what its reader must know.</summary>
public sealed record ChatPrompt
{
    public required int[] Tokens { get; init; }

    /// <summary>Ascending boundaries in tokens: end of tools, static system text, history.</summary>
    public required int[] Checkpoints { get; init; }

    /// <summary>
    /// What each boundary ends, in words ("tools", "system", "message 3"): same length as Checkpoints.
    /// </summary>
    public required string[] CheckpointNames { get; init; }

    /// <summary>The prompt's tail has opened a reasoning block: the answer begins inside it.</summary>
    public required bool ReasoningOpen { get; init; }

    /// <summary>
    /// The beginning of a forced call that the prompt's tail already holds; the parser is fed it first.
    /// </summary>
    public string Primed { get; init; } = "";

    /// <summary>
    /// The text behind the last message that makes the model answer (its role's header, an opened reasoning block, the
    /// primed call). <see cref="ReplayMemory"/> keeps it with the answer.
    /// </summary>
    internal string Scaffold { get; init; } = "";
}
