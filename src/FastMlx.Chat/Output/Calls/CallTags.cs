namespace FastMlx.Chat.Output;

/// <summary>Consuming the tags around calls.</summary>
internal static class CallTags
{
    private const int StrayBytesMax = 48;

    /// <summary>
    /// Consumes white space and a closer, the right one or one that the model made up (`&lt;/tool_action&gt;`).
    /// </summary>
    public static async Flow<bool> SkipCloserAsync(OutputSession session, IReadOnlyList<string> closers)
    {
        if (await session.Literals.PeekAsync() < 0)
            return false;
        foreach (string closer in closers)
        {
            if (await SkipAsync(session, closer))
                return true;
        }
        return closers.Count > 0 && closers[0].StartsWith("</", StringComparison.Ordinal)
            && await SkipStrayAsync(session);
    }

    /// <summary>Consumes a tag where it stands next.</summary>
    public static async Flow<bool> SkipAsync(OutputSession session, string tag)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(tag);
        if (!await new LookAhead(session.Reader, 0).IsAtAsync(bytes))
            return false;
        session.Reader.Skip(bytes.Length);
        return true;
    }

    /// <summary>Consumes some short closing tag that nobody opened.</summary>
    public static async Flow<bool> SkipStrayAsync(OutputSession session)
    {
        var look = new LookAhead(session.Reader, 0);
        if (!await look.IsAtAsync([(byte)'<', (byte)'/']))
            return false;
        look.Offset = 2;
        if (await look.TextUntilAsync([(byte)'>', (byte)'<', (byte)'\n', (byte)' '], StrayBytesMax) is null
            || session.Reader[look.Offset] != '>')
            return false;
        session.Reader.Skip(look.Offset + 1);
        return true;
    }
}
