using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// `call:NAME{key:value,…}` with bare keys and strings between quote tokens: Gemma 4, FunctionGemma. The body is held
/// up to its real end and then read with its repairs, which may need any of it.
/// </summary>
internal sealed class GemmaCalls(GemmaTags tags) : CallSyntax
{
    private static readonly byte[] NameEnds = [(byte)'{', (byte)'<', (byte)'\n'];

    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        OutputReader reader = session.Reader;
        await session.Literals.PeekAsync();
        var look = new LookAhead(reader, 0);
        string? name = await look.TextUntilAsync(NameEnds, CallNames.BytesMax);
        if (name is null)
        {
            if (reader.Final && reader.Length <= CallNames.BytesMax)
                reader.Skip(reader.Length);
            return false;
        }
        name = name.Trim();
        name = name.StartsWith("call:", StringComparison.Ordinal) ? name[5..].Trim() : name;
        if (name.Length == 0 || (reader[look.Offset] == '\n' && session.Tools.Find(name) is null))
            return false;
        reader.Skip(look.Offset);
        GemmaEnd end = await new GemmaScanner(reader, tags).FindEndAsync();
        string body = Encoding.UTF8.GetString(reader.Data[..end.BodyBytes]);
        reader.Skip(end.BodyBytes + end.TagBytes);
        session.Calls.Begin(name);
        bool isWhole = new GemmaBody(body, tags.QuoteText, session.Calls, isClosed: end.IsClosed).Read();
        if (isWhole)
            session.Calls.End();
        else
            session.Calls.Cut();
        return true;
    }

    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker)
    {
        var look = new LookAhead(session.Reader, offset);
        await look.PeekAsync();
        return await look.IsAtAsync([.. "call:"u8]);
    }
}
