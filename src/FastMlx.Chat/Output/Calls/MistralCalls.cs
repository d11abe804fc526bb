namespace FastMlx.Chat.Output;

/// <summary>
/// v3 to v7: a JSON list behind the marker. v11 and later: the name, perhaps an id, and the arguments, each call with a
/// marker of its own.
/// </summary>
internal sealed class MistralCalls : NamedJsonCalls
{
    private static readonly byte[] Ends = [(byte)'[', (byte)'{', (byte)'<', (byte)'\n'];
    private readonly JsonCalls _list = new();

    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        if (await session.Literals.PeekAsync() is '[' or '{')
            return await _list.ReadAsync(session, marker);
        if (await HeaderAsync(session, Ends) is not { Length: > 0 } name)
            return false;
        string? id = null;
        if (await CallTags.SkipAsync(session, "[CALL_ID]"))
            id = await HeaderAsync(session, Ends);
        await CallTags.SkipAsync(session, "[ARGS]");
        return await ArgumentsAsync(session, name, id);
    }

    /// <summary>A list, or a name with its arguments behind it.</summary>
    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker)
    {
        if (await _list.LooksLikeCallAsync(session, offset, marker))
            return true;
        var look = new LookAhead(session.Reader, offset);
        await look.PeekAsync();
        string? name = await look.TextUntilAsync([.. Ends, (byte)' '], CallNames.BytesMax);
        return name is { Length: > 0 } && session.Reader[look.Offset] is (byte)'[' or (byte)'{';
    }
}
