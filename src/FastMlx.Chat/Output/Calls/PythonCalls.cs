using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// Calls as Python writes them, `[f(a='x', b=1), g()]`, with brackets or without: LFM2, Llama 4, Olmo 3. Literals may
/// be Python's or JSON's; positional arguments take the tool's parameters in order.
/// </summary>
internal sealed class PythonCalls(params string[] closers) : CallSyntax
{
    private static readonly byte[] OpenParenthesis = [(byte)'('];

    private readonly JsonCalls _json = new(closers);

    public override async Flow<bool> ReadAsync(OutputSession session, Marker marker)
    {
        if (marker.Kind == MarkerKind.MaybeCall)
            return await ReadBareAsync(session);
        await SkipFenceAsync(session);
        if (await _json.LooksLikeCallAsync(session, 0, marker))
            return await _json.ReadAsync(session, marker);
        if (await session.Literals.PeekAsync() == '[')
            session.Reader.Skip(1);
        bool found = false;
        while (await ReadOneAsync(session) is { } read)
        {
            await JsonCallReader.FinishAsync(session, read);
            found = true;
            await SkipSeparatorAsync(session);
        }
        if (await session.Literals.PeekAsync() == ']')
            session.Reader.Skip(1);
        await CallTags.SkipCloserAsync(session, ["```"]);
        await CallTags.SkipCloserAsync(session, closers);
        return found;
    }

    public override async Flow<bool> LooksLikeCallAsync(OutputSession session, int offset, Marker marker)
    {
        var look = new LookAhead(session.Reader, offset);
        bool isBracketed = await look.TakeAsync((byte)'[');
        if (marker.Kind == MarkerKind.MaybeCall && !isBracketed)
            return false;
        await look.PeekAsync();
        if (await look.TextUntilAsync(OpenParenthesis, CallNames.BytesMax) is not { } name || !IsName(name))
            return await _json.LooksLikeCallAsync(session, offset, marker);
        return marker.Kind == MarkerKind.Call || session.Tools.Find(name) is not null;
    }

    /// <summary>A list without a wrapper is a list of calls only if all of it is.</summary>
    private static async Flow<bool> ReadBareAsync(OutputSession session)
    {
        OutputReader reader = session.Reader;
        reader.Mark();
        await session.Literals.PeekAsync();
        reader.Skip(1);
        int count = 0;
        while (true)
        {
            session.Calls.IsHeld = true;
            CallRead? read = await ReadOneAsync(session);
            if (read is CallRead.Done)
                session.Calls.End();
            else if (read is CallRead.Cut)
                await JsonCallReader.FinishAsync(session, CallRead.Cut);
            else
                session.Calls.Discard();
            session.Calls.IsHeld = false;
            if (read is not CallRead.Done)
                break;
            count++;
            await SkipSeparatorAsync(session);
            reader.Unmark();
            reader.Mark();
        }
        bool isClosed = await session.Literals.PeekAsync() == ']';
        if (isClosed)
            reader.Skip(1);
        if (isClosed || reader.Length == 0)
            reader.Unmark();
        else
            session.PassOnMarked();
        return count > 0;
    }

    /// <summary>One call, begun and not ended; null where none stands here.</summary>
    private static async Flow<CallRead?> ReadOneAsync(OutputSession session)
    {
        if (await session.Literals.PeekAsync() < 0)
            return null;
        var look = new LookAhead(session.Reader, 0);
        if (await look.TextUntilAsync(OpenParenthesis, CallNames.BytesMax) is not { } name || !IsName(name))
            return null;
        session.Reader.Skip(look.Offset + 1);
        session.Calls.Begin(name.Trim());
        int position = 0;
        while (true)
        {
            int next = await session.Literals.PeekAsync();
            if (next == ',')
            {
                session.Reader.Skip(1);
                continue;
            }
            if (next == ')')
            {
                session.Reader.Skip(1);
                return CallRead.Done;
            }
            if (next < 0)
                return CallRead.Cut;
            CallRead read = await ReadArgumentAsync(session, position++);
            if (read != CallRead.Done)
                return read;
        }
    }

    private static async Flow<CallRead> ReadArgumentAsync(OutputSession session, int position)
    {
        CallWriter calls = session.Calls;
        string? key = await ReadKeyAsync(session) ?? calls.Tool?.ParameterAt(position);
        if (key is null)
            return session.Reader.Final && session.Reader.Length == 0 ? CallRead.Cut : CallRead.Broken;
        int next = await session.Literals.PeekAsync();
        if (next is '"' or '\'' && calls.SchemaOf(key).IsText)
        {
            calls.BeginText(key);
            if (!await session.Literals.Strings.CopyAsync(StringPlace.Argument, new Utf8Text(), calls))
                return CallRead.Cut;
            calls.EndText();
            return CallRead.Done;
        }
        if (await session.Literals.ReadAsync(1, StringPlace.Argument) is not { } value)
            return session.Literals.State == LiteralState.Cut ? CallRead.Cut : CallRead.Broken;
        calls.Value(key, value);
        return CallRead.Done;
    }

    /// <summary>`key=` consumed, or null where the argument has no key.</summary>
    private static async Flow<string?> ReadKeyAsync(OutputSession session)
    {
        OutputReader reader = session.Reader;
        int length = 0;
        while (await reader.Need(length + 1) && IsNameByte(reader[length]) && length < CallNames.BytesMax)
            length++;
        var look = new LookAhead(reader, length);
        if (length == 0 || !await look.TakeAsync((byte)'='))
            return null;
        string key = Encoding.UTF8.GetString(reader.Data[..length]);
        reader.Skip(look.Offset);
        return key;
    }

    private static async Flow<bool> SkipSeparatorAsync(OutputSession session)
    {
        while (await session.Literals.PeekAsync() is ',' or ';')
            session.Reader.Skip(1);
        return true;
    }

    private static async Flow<bool> SkipFenceAsync(OutputSession session)
    {
        if (await session.Literals.PeekAsync() != '`')
            return false;
        var look = new LookAhead(session.Reader, 0);
        if (await look.TextUntilAsync([(byte)'\n'], 16) is null)
            return false;
        session.Reader.Skip(look.Offset);
        return true;
    }

    private static bool IsName(string text)
    {
        string name = text.Trim();
        return name.Length > 0 && !char.IsAsciiDigit(name[0])
            && name.All(character => character >= 0x80 || IsNameByte((byte)character) || character is '.' or '-');
    }

    private static bool IsNameByte(byte value) =>
        value >= 0x80 || char.IsAsciiLetterOrDigit((char)value) || value == '_';
}
