using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// A POST /v1/chat/completions in the domain's words, with the facts of the wire that its answer needs.
/// </summary>
public sealed record ChatCompletionRequest
{
    public required ChatRequest Chat { get; init; }

    public string Model => Chat.Model;

    public bool Stream { get; init; }

    /// <summary>stream_options.include_usage: one more chunk with the counts.</summary>
    public bool IncludesUsage { get; init; }

    /// <summary>Log-probabilities of the answer's tokens are wanted.</summary>
    public bool Logprobs { get; init; }

    /// <summary>Alternatives per token, 0 to 20.</summary>
    public int TopLogprobs { get; init; }

    /// <summary>End-of-sequence tokens do not end the answer (benchmarks).</summary>
    public bool IgnoresEnd { get; init; }

    /// <summary>prompt_cache_key, else user: requests with one key share prefixes.</summary>
    public string? CacheKey { get; init; }

    /// <summary>The reasoning is sent as reasoning_content.</summary>
    public bool ShowsReasoning { get; init; } = true;

    public CompletionOptions ReplyOptions(long created) => new()
    {
        Model = Model,
        Created = created,
        IncludesUsage = IncludesUsage,
        ShowsReasoning = ShowsReasoning,
        Logprobs = Logprobs,
    };
}
