using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// GLM's calls, a name and then pairs of key and value tags: GLM 4.5-5, Laguna, Ling, LongCat, Hunyuan 3. Each of the
/// four argument tags may be missing; a JSON object or `key=value` words may stand in their place.
/// </summary>
internal sealed class GlmCalls(GlmTags tags) : CallSyntax
{
    private const int WordBytesMax = 256;
    private static readonly byte[] NameEnds = [(byte)'\n', (byte)'<', (byte)'{', (byte)' ', (byte)'\t', (byte)'\r'];

    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        bool found = false;
        while (await ReadOneAsync(session))
        {
            found = true;
            // The closer was forgotten: what follows may only repeat the call.
            session.Calls.RememberLast();
            session.Calls.IsHeld = true;
        }
        session.Calls.IsHeld = false;
        return found;
    }

    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker)
    {
        var look = new LookAhead(session.Reader, offset);
        await look.PeekAsync();
        if (await look.TextUntilAsync(NameEnds, WordBytesMax) is not { Length: > 0 } name)
            return false;
        GlmTag next = await tags.NextAsync(session.Reader, look.Offset);
        bool isBody = next is not (GlmTag.None or GlmTag.End) || session.Reader[look.Offset] == '{';
        return isBody || session.Tools.Find(name) is not null;
    }

    /// <summary>One call; true where another opener follows it.</summary>
    private async Flow<bool> ReadOneAsync(OutputSession session)
    {
        string? key = null;
        if (!await BeginAsync(session, glued => key = glued))
            return false;
        while (true)
        {
            int next = key is null ? await session.Literals.PeekAsync() : 0;
            GlmTag tag = key is not null ? GlmTag.KeyOpen
                : next < 0 ? GlmTag.End : await tags.AtAsync(session.Reader, 0);
            switch (tag)
            {
                case GlmTag.KeyOpen:
                    if (key is null)
                        session.Reader.Skip(tags[tag].Length);
                    if (!await ReadPairAsync(session, key))
                        return false;
                    key = null;
                    break;
                case GlmTag.BlockClose or GlmTag.BlockOpen:
                    session.Calls.End();
                    session.Reader.Skip(tags[tag].Length);
                    return tag == GlmTag.BlockOpen;
                case GlmTag.End:
                    session.Reader.Skip(session.Reader.Length);
                    session.EndAtEof();
                    return false;
                case GlmTag.None when next == '{':
                    CallRead read = await JsonCallReader.ReadArgumentsAsync(session);
                    if (read != CallRead.Done)
                        return !await JsonCallReader.FinishAsync(session, read);
                    break;
                case GlmTag.None:
                    key = await ReadWordsAsync(session);
                    break;
                default:
                    session.Reader.Skip(tags[tag].Length);
                    break;
            }
        }
    }

    /// <summary>Reads the name and begins the call; a key glued to the name is handed on.</summary>
    private async Flow<bool> BeginAsync(OutputSession session, Action<string> glued)
    {
        await session.Literals.PeekAsync();
        var look = new LookAhead(session.Reader, 0);
        string? name = await look.TextUntilAsync(NameEnds, WordBytesMax);
        if (name is null)
        {
            bool isWhole = session.Reader.Final && session.Reader.Length <= WordBytesMax;
            string rest = isWhole ? Encoding.UTF8.GetString(session.Reader.Data) : "";
            if (isWhole)
                session.Reader.Skip(session.Reader.Length);
            if (session.IsTruncated || session.Tools.Find(rest) is null)
                return false;
            session.Calls.Begin(rest);
            session.EndAtEof();
            return false;
        }
        GlmTag next = await tags.NextAsync(session.Reader, look.Offset);
        bool isGlued = next == GlmTag.KeyClose && session.Reader[look.Offset] == '<';
        if (isGlued && session.Tools.LongestPrefix(name) is { } prefix && prefix.Length < name.Length)
        {
            glued(name[prefix.Length..]);
            name = prefix;
        }
        else if (name.Length == 0 || (next is GlmTag.None && session.Reader[look.Offset] != '{'
            && session.Tools.Find(name) is null))
        {
            return false;
        }
        session.Reader.Skip(look.Offset);
        session.Calls.Begin(name);
        return true;
    }

    /// <summary>The rest of a key (unless it is known) and its value; false where the text ended inside.</summary>
    private async Flow<bool> ReadPairAsync(OutputSession session, string? key)
    {
        if (key is null)
        {
            var look = new LookAhead(session.Reader, 0);
            key = await look.TextUntilAsync([(byte)'<'], WordBytesMax);
            if (key is null)
                return !CutsAtEnd(session);
            session.Reader.Skip(look.Offset);
        }
        await session.Literals.PeekAsync();
        if (await tags.AtAsync(session.Reader, 0) == GlmTag.KeyClose)
            session.Reader.Skip(tags[GlmTag.KeyClose].Length);
        if (await session.Literals.PeekAsync() >= 0 && await tags.AtAsync(session.Reader, 0) == GlmTag.ValueOpen)
            session.Reader.Skip(tags[GlmTag.ValueOpen].Length);
        return await new GlmValue(session, tags, key.Trim()).ReadAsync();
    }

    private static bool CutsAtEnd(OutputSession session)
    {
        if (!session.Reader.Final || session.Reader.Length > WordBytesMax)
        {
            session.Reader.Skip(1);
            return false;
        }
        session.Reader.Skip(session.Reader.Length);
        session.Calls.Cut();
        return true;
    }

    /// <summary>Text between tags: a key without its opener is returned, `key=value` words become arguments.</summary>
    private async Flow<string?> ReadWordsAsync(OutputSession session)
    {
        var look = new LookAhead(session.Reader, 0);
        string? text = await look.TextUntilAsync([(byte)'<'], WordBytesMax);
        if (text is null)
        {
            session.Reader.Skip(Math.Min(session.Reader.Length, WordBytesMax));
            return null;
        }
        GlmTag next = await tags.AtAsync(session.Reader, look.Offset);
        session.Reader.Skip(Math.Max(1, look.Offset));
        if (next is GlmTag.KeyClose or GlmTag.ValueOpen)
            return text.Trim();
        foreach (string word in text.Split((char[])[' ', '\n', ',', '\t'], StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0)
                session.Calls.Text(word[..equals], Encoding.UTF8.GetBytes(word[(equals + 1)..]));
        }
        return null;
    }
}
