using System.Globalization;

namespace FastMlx.Claude;

/// <summary>The environment that makes Claude Code work well with a local server, each with its reason.</summary>
internal static class ClaudeSettings
{
    /// <summary>Half an hour: a long prompt on a small machine is slow, not dead.</summary>
    private const string PatienceMs = "1800000";

    /// <summary>Tools that are enough for small models: the request shrinks from 49 kB to 17 kB.</summary>
    public const string LiteTools = "Bash,Edit,Read,Write";

    /// <summary>What would send the CLI elsewhere, or make it ask which of two keys to use.</summary>
    public static readonly string[] Unwanted =
    [
        "ANTHROPIC_API_KEY", "ANTHROPIC_SMALL_FAST_MODEL", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX",
        "CLAUDE_CODE_USE_FOUNDRY",
    ];

    private static readonly (string Name, string Value)[] Lite =
    [
        // Reminders go to the front of the prompt, where sessions share them.
        ("CLAUDE_CODE_MODEL_CAPABILITIES", "-mid_conv_system,-mid_conv_tool_change"),
        ("CLAUDE_CODE_SIMPLE_SYSTEM_PROMPT", "1"),
        ("CLAUDE_CODE_EFFORT_LEVEL", "low"),
        ("CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS", "2"),
    ];

    public static IReadOnlyList<(string Name, string Value)> Variables(ClaudeFacts facts, bool lite)
    {
        List<(string, string)> variables =
        [
            ("ANTHROPIC_BASE_URL", facts.BaseUrl),
            // A token, not a key: the terminal interface asks to approve keys.
            ("ANTHROPIC_AUTH_TOKEN", facts.Token),
            ("ANTHROPIC_MODEL", facts.Model),
            ("ANTHROPIC_DEFAULT_OPUS_MODEL", facts.OpusModel),
            ("ANTHROPIC_DEFAULT_SONNET_MODEL", facts.SonnetModel),
            ("ANTHROPIC_DEFAULT_HAIKU_MODEL", facts.SmallModel),
            ("ANTHROPIC_DEFAULT_FABLE_MODEL", facts.FableModel),
            // Else it believes in a million tokens and never compacts by itself.
            ("CLAUDE_CODE_MAX_CONTEXT_TOKENS", Number(facts.ContextLength)),
            ("CLAUDE_CODE_MAX_OUTPUT_TOKENS", Number(facts.MaxOutput)),
            // No code, no telemetry and no update check leaves the machine.
            ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
            ("DISABLE_TELEMETRY", "1"),
            ("DISABLE_ERROR_REPORTING", "1"),
            ("DISABLE_AUTOUPDATER", "1"),
            ("CLAUDE_CODE_ATTRIBUTION_HEADER", "0"),
            ("API_TIMEOUT_MS", PatienceMs),
            ("CLAUDE_STREAM_IDLE_TIMEOUT_MS", PatienceMs),
        ];
        if (lite)
            variables.AddRange(Lite);
        return variables;
    }

    /// <summary>What a sentence should be said about where it stands in a settings file beside ours; or null.</summary>
    public static string? Remark(string name) =>
        Unwanted.Contains(name) ? $"{name} is still there and may send Claude Code elsewhere: delete it."
        : Lite.Any(v => v.Name == name) ? $"{name} is still there, as --lite sets it."
        : null;

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
}
