namespace FastMlx.Chat.Output;

/// <summary>
/// Calls as JSON between an opener and a closer: one object, several, or a list of them. Read as values, so that a
/// closer inside a string is text. Hermes, Granite, Nemotron, Jamba, Cohere, firefunction and many more.
/// </summary>
internal sealed class JsonCalls(params string[] closers) : CallSyntax
{
    /// <summary>Names that the template makes the model write and that are no client's tool.</summary>
    public IReadOnlyList<string> PseudoTools { get; init; } = [];

    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        session.Reader.Mark();
        int count = 0;
        bool isList = false;
        while (true)
        {
            int next = await session.Literals.PeekAsync();
            if (next == '{')
            {
                if (!await ReadOneAsync(session))
                    return await PassOnAsync(session);
                count++;
            }
            else if (next == '[' && !isList && await IsListAsync(session))
            {
                isList = true;
                session.Reader.Skip(1);
            }
            else if (isList && next is ',' or ']')
            {
                isList = next == ',';
                session.Reader.Skip(1);
            }
            else if (next == ';' && count > 0 && await new LookAhead(session.Reader, 1).PeekAsync() == '{')
            {
                session.Reader.Skip(1);
            }
            else
            {
                break;
            }
        }
        // A marker without a body: what follows is text.
        session.Reader.Unmark();
        await CallTags.SkipCloserAsync(session, closers);
        return count > 0;
    }

    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker)
    {
        var look = new LookAhead(session.Reader, offset);
        int next = await look.PeekAsync();
        for (int opened = 0; next is '[' or '{' && opened < 4; opened++)
        {
            look.Offset++;
            next = await look.PeekAsync();
            if (next == '"')
                return true;
        }
        return false;
    }

    /// <summary>The bracket opens a list and not some marker.</summary>
    private static async Flow<bool> IsListAsync(OutputSession session) =>
        await new LookAhead(session.Reader, 1).PeekAsync() is '{' or ']' or -1;

    private async Flow<bool> ReadOneAsync(OutputSession session)
    {
        CallRead read = await JsonCallReader.ReadCallAsync(session);
        if (read == CallRead.NoCall)
            return false;
        if (session.Calls.IsOpen && PseudoTools.Contains(session.Calls.Name))
            session.Calls.Discard();
        else
            await JsonCallReader.FinishAsync(session, read);
        session.Reader.Unmark();
        session.Reader.Mark();
        return true;
    }

    /// <summary>The body was no call at all: its text is passed on, its markup is not.</summary>
    private async Flow<bool> PassOnAsync(OutputSession session)
    {
        await JsonCallReader.SkipToStopAsync(session);
        session.Text.WriteStripped(Space.Trim(session.Reader.Marked), session.Format.ContentSet);
        session.Reader.Unmark();
        await CallTags.SkipCloserAsync(session, closers);
        return false;
    }
}
