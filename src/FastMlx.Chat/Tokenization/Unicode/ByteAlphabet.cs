namespace FastMlx.Chat.Tokenization;

/// <summary>
/// The byte-level alphabet: one printable character for each byte. Printable Latin-1 stands for itself, the other 68
/// bytes are U+0100 to U+0143 in order.
/// </summary>
internal static class ByteAlphabet
{
    // Both tables are built once and never written again.
    private static readonly ushort[] Characters = BuildCharacters();
    private static readonly short[] Bytes = BuildBytes();

    public static int CharacterOf(byte value) => Characters[value];

    /// <summary>The byte that a character stands for, or -1.</summary>
    public static int ByteOf(int codePoint) => (uint)codePoint < (uint)Bytes.Length ? Bytes[codePoint] : -1;

    /// <summary>Writes the bytes of a text whose characters are all in the alphabet; -1 when one is not.</summary>
    public static int Decode(ReadOnlySpan<byte> text, Span<byte> destination)
    {
        int position = 0;
        int count = 0;
        while (position < text.Length)
        {
            int value = ByteOf(Utf8Text.Decode(text, position, out int length));
            if (value < 0)
                return -1;
            destination[count++] = (byte)value;
            position += length;
        }
        return count;
    }

    /// <summary>The same ids by the bytes that the texts stand for, without the texts that stand for none.</summary>
    public static TokenTable RawTexts(TokenTable tokens)
    {
        var raw = new TokenTable(tokens.Count);
        byte[] buffer = new byte[256];
        for (int i = 0; i < tokens.Count; i++)
        {
            ReadOnlySpan<byte> text = tokens.TextAt(i);
            if (text.Length > buffer.Length)
                buffer = new byte[text.Length];
            int length = Decode(text, buffer);
            if (length > 0)
                raw.Add(buffer.AsSpan(0, length), tokens.IdAt(i));
        }
        return raw;
    }

    private static ushort[] BuildCharacters()
    {
        var table = new ushort[256];
        int next = 0x100;
        for (int b = 0; b < 256; b++)
        {
            bool printable = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE;
            table[b] = (ushort)(printable ? b : next++);
        }
        return table;
    }

    private static short[] BuildBytes()
    {
        var table = new short[0x144];
        Array.Fill(table, (short)-1);
        for (int b = 0; b < 256; b++)
            table[Characters[b]] = (short)b;
        return table;
    }
}
