namespace FastMlx.Claude;

/// <summary>What Claude Code must know of a server. Lengths in tokens.</summary>
/// <param name="BaseUrl">Without a path: http://127.0.0.1:8000.</param>
/// <param name="Model">A name that the CLI does not know, so that it believes our context length.</param>
/// <param name="SmallModel">For titles and digests; the same as Model unless the server says otherwise.</param>
/// <param name="Token">What it sends as its key: API_KEY, or any word for a loopback server.</param>
internal sealed record ClaudeFacts(
    string BaseUrl, string Model, string SmallModel, int ContextLength, int MaxOutput, string Token)
{
    /// <summary>What the CLI's aliases mean: the same as Model where the server has no other.</summary>
    public string OpusModel { get; init; } = Model;

    public string SonnetModel { get; init; } = Model;

    public string FableModel { get; init; } = Model;

    /// <summary>
    /// A quarter of the window, but 8,192 to 32,000: what is reserved is not there for the conversation.
    /// </summary>
    public static int OutputFor(int contextLength) =>
        Math.Clamp(contextLength / 4, Math.Min(8192, contextLength / 2), 32_000);
}
