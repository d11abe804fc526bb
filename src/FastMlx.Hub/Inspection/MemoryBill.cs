namespace FastMlx.Hub;

/// <summary>
/// What a model needs in memory, estimated from its files: weights as stored, and 16-bit keys and values of the layers
/// that attend over everything. Windowed and recurrent layers, whose state does not grow, are left out. Bytes.
/// </summary>
public sealed record MemoryBill(long WeightBytes, long? StateBytesPerToken, int? ContextLength)
{
    public static MemoryBill Of(ModelFolder model)
    {
        ModelConfig config = model.Config;
        int? layers = config.FullAttentionLayers ?? config.Layers;
        // Latent attention caches one compressed vector and one rotated key for all heads together.
        long? width = config.LatentRank is { } rank
            ? rank + (config.LatentRopeDim ?? 0)
            : 2L * config.KeyValueHeads * config.HeadDim;
        return new MemoryBill(model.WeightBytes, layers * width * 2, config.ContextLength);
    }

    /// <summary>Weights and one conversation of so many tokens; null where the state is unknown.</summary>
    public long? At(int tokens) => WeightBytes + StateBytesPerToken * tokens;
}
