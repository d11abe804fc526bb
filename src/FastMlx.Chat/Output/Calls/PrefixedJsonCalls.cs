namespace FastMlx.Chat.Output;

/// <summary>
/// JSON calls behind plain words, perhaps in a Markdown fence: `functools[…]`, Command-R's `Action:`.
/// </summary>
internal sealed class PrefixedJsonCalls(JsonCalls json) : CallSyntax
{
    private const int FenceBytesMax = 16;

    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        await session.Literals.PeekAsync();
        session.Reader.Skip(marker.Bytes.Length);
        await session.Literals.PeekAsync();
        session.Reader.Skip(await BodyAsync(session, 0));
        bool found = await json.ReadAsync(session, marker);
        await CallTags.SkipCloserAsync(session, ["```"]);
        return found;
    }

    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker)
    {
        int body = await BodyAsync(session, offset + marker.Bytes.Length);
        return body >= 0 && await json.LooksLikeCallAsync(session, body, marker);
    }

    /// <summary>The offset behind white space and a fence's opening line.</summary>
    private static async Flow<int> BodyAsync(OutputSession session, int offset)
    {
        var look = new LookAhead(session.Reader, offset);
        if (await look.PeekAsync() == '`')
            await look.TextUntilAsync([(byte)'\n', (byte)'[', (byte)'{'], FenceBytesMax);
        return look.Offset;
    }
}
