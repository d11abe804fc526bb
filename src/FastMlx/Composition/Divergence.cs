using FastMlx.Chat;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>Says in words where a prompt left what was cached.</summary>
internal static class Divergence
{
    /// <summary>
    /// The part of the prompt with the first token that nothing cached shared ("tools", "message 3"); null for none.
    /// </summary>
    public static string? Part(ChatPrompt prompt, in GenerationStats stats)
    {
        int at = stats.DivergedAt;
        if (at < 0)
            return null;
        int part = Array.FindIndex(prompt.Checkpoints, end => at < end);
        return part < 0 ? "the last message" : prompt.CheckpointNames[part];
    }
}
