using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>Reads a dialect's tags.</summary>
internal static class TagReader
{
    /// <summary>The tag at this offset; Partial only where the text ends inside one.</summary>
    public static async Flow<DialectTag> AtAsync(OutputReader reader, TagDialect dialect, int offset)
    {
        while (true)
        {
            if (!await reader.Need(offset + 1))
                return DialectTag.End;
            DialectTag tag = dialect.Match(reader.Data[offset..], reader.Final);
            if (tag != DialectTag.Partial || !await reader.Need(reader.Length + 1))
                return tag;
        }
    }

    /// <summary>The tag behind white space; End where the text ends in or before it.</summary>
    public static async Flow<DialectTag> NextAsync(OutputReader reader, TagDialect dialect, int offset)
    {
        while (await reader.Need(offset + 1) && Space.IsAscii(reader[offset]))
            offset++;
        DialectTag tag = await AtAsync(reader, dialect, offset);
        return tag == DialectTag.Partial ? DialectTag.End : tag;
    }

    /// <summary>
    /// Consumes a header and its end; null where the text ends first or it is too long (then it stays).
    /// </summary>
    public static async Flow<TagHeader?> HeaderAsync(OutputReader reader, TagDialect dialect, int bytesMax)
    {
        int length = await HeaderLengthAsync(reader, dialect, 0, bytesMax);
        if (length < 0)
            return null;
        string text = Encoding.UTF8.GetString(reader.Data[..length]);
        reader.Skip(length + dialect.HeaderClose.Length);
        return Split(text, dialect);
    }

    /// <summary>The name in a header at this offset, not consumed; null where there is none.</summary>
    public static async Flow<string?> PeekNameAsync(OutputReader reader, TagDialect dialect, int offset, int bytesMax)
    {
        int length = await HeaderLengthAsync(reader, dialect, offset, bytesMax);
        return length < 0 ? null : Split(Encoding.UTF8.GetString(reader.Data.Slice(offset, length)), dialect).Name;
    }

    private static async Flow<int> HeaderLengthAsync(OutputReader reader, TagDialect dialect, int offset, int bytesMax)
    {
        byte[] close = dialect.HeaderClose;
        for (int length = 0; length <= bytesMax; length++)
        {
            if (!await reader.Need(offset + length + close.Length))
                return -1;
            if (reader.Data[(offset + length)..].StartsWith(close))
                return length;
            // No header spans lines or holds another tag: this one was cut short.
            if (reader[offset + length] is (byte)'\n' or (byte)'<')
                return -1;
        }
        return -1;
    }

    private static TagHeader Split(string header, TagDialect dialect)
    {
        int quote = dialect.IsQuoted ? header.IndexOf('"', StringComparison.Ordinal) : -1;
        return quote < 0
            ? new TagHeader(header.Trim().Trim('"', '\''), "")
            : new TagHeader(header[..quote].Trim(), header[(quote + 1)..]);
    }
}
