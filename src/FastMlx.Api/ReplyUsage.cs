namespace FastMlx.Api;

/// <summary>
/// Tokens of one answer. The prompt is Input + CacheRead + CacheCreation: <see cref="InputTokens"/> excludes both
/// others.
/// <see cref="OutputTokens"/> includes <see cref="ThinkingTokens"/>.
/// </summary>
public readonly record struct ReplyUsage(
    int InputTokens, int CacheReadTokens, int CacheCreationTokens, int OutputTokens, int ThinkingTokens)
{
    public int PromptTokens => InputTokens + CacheReadTokens + CacheCreationTokens;

    /// <param name="promptTokens">All tokens of the prompt.</param>
    /// <param name="cachedTokens">How many of them were not computed again.</param>
    /// <param name="marksCache">The request holds cache_control: what was computed counts as a cache write.</param>
    public static ReplyUsage OfPrompt(int promptTokens, int cachedTokens, bool marksCache)
    {
        int read = Math.Clamp(cachedTokens, 0, Math.Max(0, promptTokens - 1));
        int computed = promptTokens - read;
        // The API never reports an input of 0 beside a cache write.
        return marksCache && computed > 1
            ? new ReplyUsage(1, read, computed - 1, 0, 0)
            : new ReplyUsage(computed, read, 0, 0, 0);
    }

    public ReplyUsage WithOutput(int outputTokens, int thinkingTokens) =>
        this with { OutputTokens = outputTokens, ThinkingTokens = thinkingTokens };
}
