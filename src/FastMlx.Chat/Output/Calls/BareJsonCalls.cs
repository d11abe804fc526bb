namespace FastMlx.Chat.Output;

/// <summary>
/// Calls as JSON without any wrapper, or in a Markdown fence: a call only where it names a declared tool and parses;
/// text otherwise. Several may follow each other, separated by commas, semicolons or white space.
/// </summary>
internal sealed class BareJsonCalls : CallSyntax
{
    private const int KeyBytesMax = 32;
    private const int KeysMax = 4;
    private static readonly byte[] Quote = [(byte)'"'];

    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        OutputReader reader = session.Reader;
        reader.Mark();
        await session.Literals.PeekAsync();
        bool isFenced = marker.Text.StartsWith("```", StringComparison.Ordinal);
        if (isFenced)
            reader.Skip(marker.Bytes.Length);
        bool isList = await session.Literals.PeekAsync() == '[';
        if (isList)
            reader.Skip(1);
        int count = 0;
        do
        {
            if (!await ReadOneAsync(session))
            {
                session.PassOnMarked();
                return count > 0;
            }
            count++;
        }
        while (await FollowsAsync(session, isList));
        if (isList && await session.Literals.PeekAsync() == ']')
            reader.Skip(1);
        if (isFenced)
            await CallTags.SkipCloserAsync(session, ["```"]);
        reader.Unmark();
        return true;
    }

    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker)
    {
        if (session.Tools.Count == 0)
            return false;
        var look = new LookAhead(session.Reader, offset);
        if (marker.Text.StartsWith("```", StringComparison.Ordinal))
            look.Offset += marker.Bytes.Length;
        if (await look.PeekAsync() == '[')
            look.Offset++;
        return await NamesToolAsync(session, look);
    }

    private static async Flow<bool> NamesToolAsync(OutputSession session, LookAhead look)
    {
        if (!await look.TakeAsync((byte)'{'))
            return false;
        for (int keys = 0; keys < KeysMax; keys++)
        {
            if (!await look.TakeAsync((byte)'"') || await look.TextUntilAsync(Quote, KeyBytesMax) is not { } key)
                return false;
            look.Offset++;
            if (!await look.TakeAsync((byte)':'))
                return false;
            if (key == "function" && await look.TakeAsync((byte)'{'))
                continue;
            if (!await look.TakeAsync((byte)'"')
                || await look.TextUntilAsync(Quote, CallNames.BytesMax) is not { } value)
                return false;
            look.Offset++;
            if (key is "name" or "tool_name" or "function")
                return session.Tools.Find(value) is not null;
            if (!await look.TakeAsync((byte)','))
                return false;
        }
        return false;
    }

    private static async Flow<bool> ReadOneAsync(OutputSession session)
    {
        CallWriter calls = session.Calls;
        if (await session.Literals.PeekAsync() != '{')
            return false;
        calls.IsHeld = true;
        CallRead read = await JsonCallReader.ReadCallAsync(session);
        switch (read)
        {
            case CallRead.Done:
                calls.End();
                break;
            case CallRead.Cut:
                session.Reader.Skip(session.Reader.Length);
                calls.Cut();
                break;
            default:
                calls.Discard();
                break;
        }
        calls.IsHeld = false;
        if (read is not (CallRead.Done or CallRead.Cut))
            return false;
        session.Reader.Unmark();
        session.Reader.Mark();
        return true;
    }

    /// <summary>Another call follows; the separator before it is consumed.</summary>
    private static async Flow<bool> FollowsAsync(OutputSession session, bool isList)
    {
        var look = new LookAhead(session.Reader, 0);
        int next = await look.PeekAsync();
        if (next == ';' || (next == ',' && isList))
        {
            look.Offset++;
            next = await look.PeekAsync();
        }
        if (next != '{' || !await NamesToolAsync(session, new LookAhead(session.Reader, look.Offset)))
            return false;
        session.Reader.Skip(look.Offset);
        return true;
    }
}
