using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// Calls whose name stands in a header of its own before the JSON arguments: Kimi K2, DeepSeek, Mistral.
/// </summary>
internal abstract class NamedJsonCalls : CallSyntax
{
    private static readonly byte[] LineEnd = [(byte)'\n'];

    /// <summary>These markers are tokens of their own: nobody mentions them by accident.</summary>
    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker) =>
        await session.Reader.Need(offset + 1);

    /// <summary>
    /// The header's text up to one of these bytes, consumed; null at the end of the text or where it is too long.
    /// </summary>
    protected static async Flow<string?> HeaderAsync(OutputSession session, byte[] ends)
    {
        await session.Literals.PeekAsync();
        var look = new LookAhead(session.Reader, 0);
        string? text = await look.TextUntilAsync(ends, CallNames.BytesMax);
        if (text is not null)
            session.Reader.Skip(look.Offset);
        else if (session.Reader.Final)
            session.Reader.Skip(session.Reader.Length);
        return text?.Trim();
    }

    /// <summary>Reads the arguments of a call, in a Markdown fence or without, and ends it.</summary>
    protected static async Flow<bool> ArgumentsAsync(OutputSession session, string name, string? id)
    {
        session.Calls.Begin(name, id);
        int next = await session.Literals.PeekAsync();
        if (next == '`')
        {
            if (await new LookAhead(session.Reader, 0).TextUntilAsync(LineEnd, CallNames.BytesMax) is { } fence)
                session.Reader.Skip(Encoding.UTF8.GetByteCount(fence));
            next = await session.Literals.PeekAsync();
        }
        if (next is '{' or '"' or -1)
            await JsonCallReader.FinishAsync(session, await JsonCallReader.ReadArgumentsAsync(session));
        else
            await JsonCallReader.FinishAsync(session, CallRead.Broken);
        await CallTags.SkipCloserAsync(session, ["```"]);
        return true;
    }
}
