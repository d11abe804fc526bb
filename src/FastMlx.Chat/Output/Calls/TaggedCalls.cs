namespace FastMlx.Chat.Output;

/// <summary>
/// Calls whose parameters stand between tags: Qwen3-Coder, Seed-OSS, MiniMax, DeepSeek's DSML, Kimi K3's XTML, ATEM.
/// Text parameters are passed on while they are written.
/// </summary>
internal sealed class TaggedCalls(TagDialect dialect) : CallSyntax
{
    private const int HeaderBytesMax = 512;

    public TagDialect Dialect => dialect;

    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        bool found = false;
        while (true)
        {
            int next = await session.Literals.PeekAsync();
            DialectTag tag = next < 0 ? DialectTag.End : await TagReader.AtAsync(session.Reader, dialect, 0);
            switch (tag)
            {
                case DialectTag.FunctionOpen:
                    found |= await ReadFunctionAsync(session);
                    break;
                case DialectTag.BlockOpen or DialectTag.FunctionClose or DialectTag.ParameterClose:
                    session.Reader.Skip(dialect[tag].Length);
                    break;
                case DialectTag.BlockClose:
                    session.Reader.Skip(dialect[tag].Length);
                    return found;
                default:
                    if (tag == DialectTag.End || !await CallTags.SkipStrayAsync(session))
                        return found;
                    break;
            }
        }
    }

    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker)
    {
        var look = new LookAhead(session.Reader, offset);
        await look.PeekAsync();
        if (!await look.TakeAsync(dialect[DialectTag.FunctionOpen]))
            return false;
        if (marker.Kind == MarkerKind.Call)
            return true;
        byte end = dialect.IsQuoted ? (byte)'"' : dialect.HeaderClose[0];
        return await look.TextUntilAsync([end, (byte)'\n'], CallNames.BytesMax) is { } name
            && session.Tools.Find(name.Trim()) is not null;
    }

    private async Flow<bool> ReadFunctionAsync(OutputSession session)
    {
        session.Reader.Skip(dialect[DialectTag.FunctionOpen].Length);
        TagHeader? header = await TagReader.HeaderAsync(session.Reader, dialect, HeaderBytesMax);
        string? name = header?.Name ?? await BrokenHeaderAsync(session);
        if (name is null)
            return false;
        session.Calls.Begin(name);
        if (await session.Literals.PeekAsync() == '{')
        {
            // Functionary writes the arguments as JSON in the same tags.
            await JsonCallReader.FinishAsync(session, await JsonCallReader.ReadArgumentsAsync(session));
            return true;
        }
        while (await ReadPartAsync(session))
        {
        }
        return true;
    }

    /// <summary>The name in a header whose end was forgotten; what the end of the text cut is dropped.</summary>
    private static async Flow<string?> BrokenHeaderAsync(OutputSession session)
    {
        OutputReader reader = session.Reader;
        var look = new LookAhead(reader, 0);
        string? name = await look.TextUntilAsync([(byte)'\n', (byte)'<', (byte)'"'], CallNames.BytesMax);
        if (name is null && reader.Final && reader.Length <= CallNames.BytesMax)
            reader.Skip(reader.Length);
        if (name is null || session.Tools.Find(name.Trim()) is null)
            return null;
        reader.Skip(look.Offset);
        return name.Trim();
    }

    /// <summary>The next parameter; false where the call has ended.</summary>
    private async Flow<bool> ReadPartAsync(OutputSession session)
    {
        int next = await session.Literals.PeekAsync();
        DialectTag tag = next < 0 ? DialectTag.End : await TagReader.AtAsync(session.Reader, dialect, 0);
        switch (tag)
        {
            case DialectTag.ParameterOpen:
                session.Reader.Skip(dialect[tag].Length);
                return await new TaggedValue(session, dialect).ReadAsync();
            case DialectTag.FunctionClose:
                session.Reader.Skip(dialect[tag].Length);
                session.Calls.End();
                return false;
            case DialectTag.FunctionOpen or DialectTag.BlockOpen or DialectTag.BlockClose:
                session.Calls.End();
                return false;
            case DialectTag.End or DialectTag.Partial:
                session.Reader.Skip(session.Reader.Length);
                session.EndAtEof();
                return false;
            case DialectTag.ParameterClose:
                session.Reader.Skip(dialect[tag].Length);
                return true;
            default:
                if (!await CallTags.SkipStrayAsync(session))
                    session.Reader.Skip(1);
                return true;
        }
    }
}
