namespace FastMlx.Hub;

/// <summary>The facts of config.json and generation_config.json that rooms other than the engine need.</summary>
public sealed record ModelConfig
{
    /// <summary>model_type as the file writes it.</summary>
    public required string DeclaredType { get; init; }

    /// <summary>The type whose graph the engine runs: <see cref="DeclaredType"/> after the known renames.</summary>
    public required string ModelType { get; init; }

    /// <summary>Longest context in tokens, or null where the file does not say.</summary>
    public int? ContextLength { get; init; }

    public int? Layers { get; init; }
    public int? HiddenSize { get; init; }
    public int? AttentionHeads { get; init; }
    public int? KeyValueHeads { get; init; }
    public int? HeadDim { get; init; }
    public int? VocabSize { get; init; }
    public int? Experts { get; init; }
    public int? ExpertsPerToken { get; init; }
    public int? SlidingWindow { get; init; }

    /// <summary>
    /// Of multi-head latent attention: width of the cached latent, and of the rotated part beside it.
    /// </summary>
    public int? LatentRank { get; init; }

    public int? LatentRopeDim { get; init; }

    /// <summary>Layers that attend over everything; null where each does (or the file does not tell).</summary>
    public int? FullAttentionLayers { get; init; }

    public bool? TiedEmbeddings { get; init; }
    public string? Dtype { get; init; }
    public required QuantizationFacts Quantization { get; init; }

    /// <summary>Ids that end an answer: generation_config.json's where it has some, else config.json's.</summary>
    public required int[] EosTokens { get; init; }

    public int? BosToken { get; init; }
    public required GenerationDefaults Generation { get; init; }
}
