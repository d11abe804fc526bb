using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>A POST /v1/completions: raw text or tokens to go on with, no conversation.</summary>
public sealed record CompletionRequest
{
    public required string Model { get; init; }

    /// <summary>Choice i of the answer goes on with prompt i.</summary>
    public required IReadOnlyList<CompletionPrompt> Prompts { get; init; }

    public int MaxTokens { get; init; } = 16;

    public SamplingOptions Sampling { get; init; } = new();

    public IReadOnlyList<string> StopSequences { get; init; } = [];

    public bool Stream { get; init; }

    public bool IncludesUsage { get; init; }

    /// <summary>Alternatives per token, 0 to 5; null: no log-probabilities.</summary>
    public int? Logprobs { get; init; }

    /// <summary>
    /// The prompt is given back before its continuation, with its log-probabilities where they are wanted.
    /// </summary>
    public bool Echo { get; init; }

    /// <summary>Text behind the gap to fill, for models that can.</summary>
    public string? Suffix { get; init; }

    public string? CacheKey { get; init; }

    public bool IgnoresEnd { get; init; }

    public CompletionOptions ReplyOptions(long created) => new()
    {
        Model = Model,
        Created = created,
        IncludesUsage = IncludesUsage,
        Logprobs = Logprobs is not null,
    };
}
