using FastMlx.Chat;
using FastMlx.Configuration;
using FastMlx.Engine;
using FastMlx.Hub;

namespace FastMlx.Composition;

/// <summary>
/// Fills what a request leaves open: from the model's generation_config.json, then from the configuration.
/// </summary>
internal sealed class SamplingDefaults(ServerOptions options, GenerationDefaults model)
{
    private const float ApiTemperature = 1.0f;
    private const float ApiTopP = 1.0f;

    public SamplingParameters Complete(SamplingOptions asked, ulong freshSeed) => new(
        Temperature: asked.Temperature ?? model.Temperature ?? options.DefaultTemperature ?? ApiTemperature,
        TopP: asked.TopP ?? model.TopP ?? options.DefaultTopP ?? ApiTopP,
        MinP: asked.MinP ?? model.MinP ?? 0,
        TopK: asked.TopK ?? model.TopK ?? 0,
        Seed: asked.Seed ?? freshSeed);
}
