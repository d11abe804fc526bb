namespace FastMlx.Chat.Tokenization;

/// <summary>The small fields of a BPE model in tokenizer.json; null and "" both mean that there is none.</summary>
internal sealed record BpeOptions
{
    public string? UnknownToken { get; init; }

    public string? ContinuingPrefix { get; init; }

    public string? WordSuffix { get; init; }

    public bool FuseUnknown { get; init; }

    public bool ByteFallback { get; init; }

    public bool IgnoreMerges { get; init; }
}
