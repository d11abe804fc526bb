namespace FastMlx.Chat.Output;

/// <summary>What a message's header says.</summary>
internal sealed record ChannelHeader(string Channel, string Recipient)
{
    public bool IsCall => Recipient is not ("" or "user" or "assistant" or "all" or "self" or "final");

    public bool IsThought => Recipient == "self" || (Recipient is not "user" && Channel == "analysis");

    /// <summary>Reads the text before a message's tag; of several headers run together the last counts.</summary>
    public static ChannelHeader Parse(string text, string[] ends)
    {
        foreach (string end in ends.Append("<|start|>"))
        {
            int last = text.LastIndexOf(end, StringComparison.Ordinal);
            if (last >= 0)
                text = text[(last + end.Length)..];
        }
        int channelAt = text.LastIndexOf("<|channel|>", StringComparison.Ordinal);
        string channel = channelAt < 0 ? "" : Word(text[(channelAt + "<|channel|>".Length)..].TrimStart());
        int recipientAt = text.LastIndexOf("to=", StringComparison.Ordinal);
        string recipient = recipientAt < 0 ? "" : Recipient(text[(recipientAt + 3)..].TrimStart());
        return new ChannelHeader(channel, recipient);

        static string Word(string text) => string.Concat(text.TakeWhile(char.IsAsciiLetter));

        static string Recipient(string text)
        {
            int end = text.AsSpan().IndexOfAny(" \n\t<");
            return end < 0 ? text : text[..end];
        }
    }
}
