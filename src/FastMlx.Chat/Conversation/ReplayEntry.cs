namespace FastMlx.Chat;

/// <summary>An answer as it was sampled, and what stood between the last message's text and it.</summary>
internal sealed record ReplayEntry(int[] Tokens, string Scaffold, int PromptLength, ulong PromptHash)
{
    /// <summary>Only for the very same prompt: the key is a text that many answers may share.</summary>
    public bool NeedsSamePrompt { get; init; }

    public bool Follows(IReadOnlyList<int> prompt) =>
        prompt.Count == PromptLength && TokenHash.Of(prompt) == PromptHash;
}
