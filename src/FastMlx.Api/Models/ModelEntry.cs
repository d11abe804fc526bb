namespace FastMlx.Api;

/// <summary>One model in the lists of both APIs.</summary>
public sealed record ModelEntry
{
    public required string Id { get; init; }

    public required string DisplayName { get; init; }

    public string? Description { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The context that this machine's memory can really hold.</summary>
    public required int ContextTokens { get; init; }

    /// <summary>The most that one answer may have.</summary>
    public required int OutputTokens { get; init; }

    public bool CanThink { get; init; }

    public bool CanSee { get; init; }

    /// <summary>
    /// Under which Claude Code's model picker finds a model: it keeps ids that contain "claude", and takes those that
    /// begin with "claude-" for Anthropic's own.
    /// </summary>
    public static string AliasOf(string modelId)
    {
        string name = modelId[(modelId.LastIndexOf('/') + 1)..];
        return name.Contains("claude", StringComparison.OrdinalIgnoreCase) ? name : "local-claude/" + name;
    }
}
