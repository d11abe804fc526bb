using System.Globalization;
using FastMlx.Chat;
using FastMlx.Engine;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>
/// Headers that explain an answer. A stream's head is sent before the prompt is computed, so it knows the prompt's
/// length only; its usage tells what was reused.
/// </summary>
internal static class AnswerHeaders
{
    public static void SetPrompt(HttpExchange exchange, int promptTokens) =>
        Set(exchange, "fastmlx-prompt-tokens", promptTokens);

    public static void Set(HttpExchange exchange, ChatPrompt prompt, in GenerationStats stats)
    {
        SetPrompt(exchange, prompt.Tokens.Length);
        Set(exchange, "fastmlx-reused-tokens", stats.ReusedTokens);
        Set(exchange, "fastmlx-prefilled-tokens", stats.PrefilledTokens);
        Set(exchange, "fastmlx-queue-ms", stats.QueueMs);
        Set(exchange, "fastmlx-prefill-ms", stats.PrefillMs);
        Set(exchange, "fastmlx-decode-ms", stats.DecodeMs);
        if (Divergence.Part(prompt, stats) is { } part)
            exchange.SetHeader("fastmlx-diverged-in", part);
    }

    private static void Set(HttpExchange exchange, string name, double value) =>
        exchange.SetHeader(name, value.ToString("F0", CultureInfo.InvariantCulture));
}
