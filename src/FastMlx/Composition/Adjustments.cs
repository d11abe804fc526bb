using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>From a request's wishes to what the engine changes about logits.</summary>
internal static class Adjustments
{
    /// <summary>Null where there is nothing to change.</summary>
    /// <param name="asked">The request's sampling.</param>
    /// <param name="modelRepetition">The model's own repetition penalty, for requests that name none.</param>
    public static LogitAdjustment? Of(SamplingOptions asked, float? modelRepetition)
    {
        float repetition = asked.RepetitionPenalty ?? modelRepetition ?? 1;
        bool isNone = asked is { FrequencyPenalty: 0, PresencePenalty: 0, TokensMin: 0, Biases.Count: 0 }
            && repetition is 1 or <= 0;
        return isNone ? null : new LogitAdjustment
        {
            BiasIds = [.. asked.Biases.Select(bias => bias.Token)],
            BiasValues = [.. asked.Biases.Select(bias => bias.Value)],
            FrequencyPenalty = asked.FrequencyPenalty,
            PresencePenalty = asked.PresencePenalty,
            RepetitionPenalty = repetition,
            TokensMin = asked.TokensMin,
        };
    }

    /// <summary>What this model cannot do for such a request; null where it can do all.</summary>
    /// <param name="info">The model.</param>
    /// <param name="asked">The request's sampling.</param>
    /// <param name="wantsLogprobs">Of the answer.</param>
    /// <param name="wantsScores">Of the prompt.</param>
    public static ApiError? Check(
        ModelInfo info, SamplingOptions asked, bool wantsLogprobs, bool wantsScores = false)
    {
        if (wantsLogprobs && !info.CanLogprobs)
            return ApiErrors.Invalid($"The engine '{info.Backend}' tells no log-probabilities.", "logprobs");
        if (wantsScores && !info.CanAdjust)
            return ApiErrors.Invalid($"The engine '{info.Backend}' tells no log-probabilities of a prompt.", "echo");
        foreach (TokenBias bias in asked.Biases)
        {
            if (bias.Token >= info.VocabSize)
                return Outside(bias.Token, info, "logit_bias");
        }

        foreach (int token in asked.StopTokens)
        {
            if (token >= info.VocabSize)
                return Outside(token, info, "stop_token_ids");
        }

        return null;
    }

    private static ApiError Outside(int token, ModelInfo info, string field) =>
        ApiErrors.Invalid($"Token {token} is not in the vocabulary of {info.VocabSize} tokens.", field);
}
