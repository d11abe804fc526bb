using System.Globalization;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>One line about one request: where its time went and what the cache gave.</summary>
internal static class RequestReport
{
    public static string Line(string requestId, AnswerJob job, AnswerOutcome outcome)
    {
        GenerationStats s = outcome.Stats;
        double decodeRate = s.DecodeMs > 0 ? (s.SampledTokens - 1) * 1000.0 / s.DecodeMs : 0;
        double prefillRate = s.PrefillMs > 0 ? s.PrefilledTokens * 1000.0 / s.PrefillMs : 0;
        string end = outcome.Error?.Type ?? outcome.Reason?.ToString() ?? "";
        string divergence = Divergence.Part(job.Prompt, s) is { } part
            ? string.Create(CultureInfo.InvariantCulture, $", diverged at {s.DivergedAt:N0} in {part}")
            : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{requestId} {job.Model.Name}: reused {s.ReusedTokens:N0} of {s.PromptTokens:N0}{divergence}; "
            + $"queue {s.QueueMs:F0} ms, prefill {s.PrefilledTokens:N0} in {s.PrefillMs:F0} ms ({prefillRate:F0}/s), "
            + $"{s.SampledTokens:N0} tokens in {s.DecodeMs:F0} ms ({decodeRate:F1}/s); {end}");
    }
}
