using FastMlx.Chat;
using FastMlx.Chat.Output;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>An admitted request: who answers what, and who reads the answer.</summary>
internal sealed record AnswerJob(LoadedModel Model, ChatPrompt Prompt, Generation Generation, OutputDecoder Decoder)
{
    public bool MarksCache { get; init; }

    /// <summary>Nothing is to be answered: the prompt is computed, to be there for the next request.</summary>
    public bool IsPrefillOnly { get; init; }

    /// <summary>The reasoning has a limit, and the model's format can end it.</summary>
    public bool HasThinkingBudget { get; init; }

    /// <summary>The first event has been sent while the model was loading.</summary>
    public bool IsStarted { get; init; }

    /// <summary>The text that a raw prompt was made of, or null.</summary>
    public string? PromptText { get; init; }

    /// <summary>Where the sampled tokens are remembered, for the client that sends the answer back; or null.</summary>
    public ReplayMemory? Replay { get; init; }
}
