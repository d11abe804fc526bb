using FastMlx.Chat;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>A conversation to answer, with what its API knows beside it.</summary>
internal sealed record AnswerRequest(ChatRequest Chat)
{
    /// <summary>Prompt tokens that are computed count as cache writes.</summary>
    public bool MarksCache { get; init; }

    public Lane Lane { get; init; }

    /// <summary>See <see cref="GenerationRequest.Partition"/>.</summary>
    public ulong Partition { get; init; }

    /// <summary>Names the conversation, or null.</summary>
    public string? Session { get; init; }

    /// <summary>Still rendered, since they stand in a shared prefix, but no names to correct a call to.</summary>
    public IReadOnlyList<string> RemovedTools { get; init; } = [];

    /// <summary>End-of-sequence tokens do not end the answer.</summary>
    public bool IgnoresEnd { get; init; }

    /// <summary>Alternatives beside each token's log-probability; null: none are wanted.</summary>
    public int? Logprobs { get; init; }

    /// <summary>
    /// Tokens that must be left for an answer (or as many as are asked for), else the prompt counts as too long: a
    /// client that compacts is helped more by that than by an answer of a few words.
    /// </summary>
    public int AnswerTokensMin { get; init; } = 1;

    /// <summary>Limits that are too large are refused, as the hosted API does; else they are cut.</summary>
    public bool IsStrict { get; init; }
}
