namespace FastMlx.Chat;

/// <summary>Whether the end of a prompt has opened a reasoning block that the answer begins in.</summary>
internal static class ReasoningTail
{
    private static readonly (string Open, string Close)[] Blocks =
    [
        ("<think>", "</think>"),
        ("<seed:think>", "</seed:think>"),
        ("[THINK]", "[/THINK]"),
        ("<|START_THINKING|>", "<|END_THINKING|>"),
        ("<|channel>thought", "<channel|>"),
        ("<think:opensource>", "</think:opensource>"),
        ("<longcat_think>", "</longcat_think>"),
        ("<thought>", "</thought>"),
        ("<thinking>", "</thinking>"),
        ("<|open|>think<|sep|>", "<|close|>think<|sep|>"),
        ("<|content_thinking|>", "<|end_message|>"),
        (" to=self<|message|>", "<|eom|>"),
        ("<|inner_prefix|>", "<|inner_suffix|>"),
        ("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"),
        ("Here is my thought process:", "Here is my response:"),
    ];

    /// <param name="tail">What the template wrote behind the last message's text.</param>
    public static bool IsOpen(ReadOnlySpan<char> tail)
    {
        foreach ((string open, string close) in Blocks)
        {
            int opened = tail.LastIndexOf(open, StringComparison.Ordinal);
            // Nothing but white space behind it: instructions that speak of the tag end otherwise.
            if (opened >= 0 && tail[(opened + open.Length)..].IndexOf(close, StringComparison.Ordinal) < 0
                && tail[(opened + open.Length)..].IsWhiteSpace())
                return true;
        }

        return false;
    }
}
