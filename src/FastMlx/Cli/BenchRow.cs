using FastMlx.Engine;

namespace FastMlx.Cli;

/// <summary>One measured length. Rates a second.</summary>
internal sealed record BenchRow(int Context, double PromptRate, double AnswerRate, double AnswerBytesRate)
{
    public static BenchRow Of(in GenerationStats stats, ModelInfo model)
    {
        // The first token of an answer comes with the prompt's last step.
        double answerRate = stats.DecodeMs > 0 ? (stats.SampledTokens - 1) * 1000.0 / stats.DecodeMs : 0;
        double promptRate = stats.PrefillMs > 0 ? stats.PrefilledTokens * 1000.0 / stats.PrefillMs : 0;
        // Each token of an answer reads all weights (of a dense model) and the state of what stands before it.
        double bytes = model.WeightBytes + ((double)model.StateBytesPerToken * stats.PromptTokens);
        return new BenchRow(stats.PromptTokens, promptRate, answerRate, bytes * answerRate);
    }
}
