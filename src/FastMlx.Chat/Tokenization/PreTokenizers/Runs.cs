using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Tokenization;

/// <summary>Loops that the scanners share. Positions are bytes; every method returns where it stopped.</summary>
internal static class Runs
{
    /// <summary>Skips characters that have one of the <paramref name="wanted"/> bits and none of the others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int While(ReadOnlySpan<byte> text, int position, int wanted, int unwanted = 0)
    {
        ReadOnlySpan<ushort> ascii = CharClasses.Ascii;
        while (position < text.Length)
        {
            int b = text[position];
            int length = 1;
            int bits = b < 0x80 ? ascii[b] : CharClasses.At(text, position, out length);
            if ((bits & wanted) == 0 || (bits & unwanted) != 0)
                break;
            position += length;
        }
        return position;
    }

    /// <summary>Skips characters that have none of the bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int WhileNot(ReadOnlySpan<byte> text, int position, int unwanted)
    {
        ReadOnlySpan<ushort> ascii = CharClasses.Ascii;
        while (position < text.Length)
        {
            int b = text[position];
            int length = 1;
            int bits = b < 0x80 ? ascii[b] : CharClasses.At(text, position, out length);
            if ((bits & unwanted) != 0)
                break;
            position += length;
        }
        return position;
    }

    public static int LineEnds(ReadOnlySpan<byte> text, int position, byte also = (byte)'\n')
    {
        while (position < text.Length && (text[position] is (byte)'\r' or (byte)'\n' || text[position] == also))
            position++;
        return position;
    }

    public static int Numbers(ReadOnlySpan<byte> text, int position, int max)
    {
        for (int n = 0; n < max && position < text.Length; n++)
        {
            if ((CharClasses.At(text, position, out int length) & CharClasses.Number) == 0)
                break;
            position += length;
        }
        return position;
    }

    /// <summary>
    /// `\s*[\r\n]+|\s+(?!\S)|\s+` at a white character: up to the last line end of the run if it has one; at the end of
    /// the text all of it; else all but the last character, which then leads the next word (one character: itself).
    /// </summary>
    public static int White(ReadOnlySpan<byte> text, int position, bool lineEndsFirst = true)
    {
        int start = position;
        int afterLineEnd = -1;
        int last = position;
        while (position < text.Length)
        {
            int bits = CharClasses.At(text, position, out int length);
            if ((bits & CharClasses.White) == 0)
                break;
            last = position;
            position += length;
            if ((bits & CharClasses.LineEnd) != 0)
                afterLineEnd = position;
        }
        if (lineEndsFirst && afterLineEnd > 0)
            return afterLineEnd;
        return position == text.Length || last == start ? position : last;
    }

    /// <summary>
    /// The end of `'s|'t|'re|'ve|'m|'ll|'d` at an apostrophe, or <paramref name="position"/>. Case-insensitive
    /// matching is Unicode's: U+017F (long s) is an s.
    /// </summary>
    public static int Contraction(ReadOnlySpan<byte> text, int position, bool ignoreCase)
    {
        if (position + 1 >= text.Length || text[position] != '\'')
            return position;
        int fold = ignoreCase ? 0x20 : 0;
        int first = text[position + 1] | fold;
        if (first is 's' or 't' or 'm' or 'd')
            return position + 2;
        if (position + 2 >= text.Length)
            return position;
        int second = text[position + 2] | fold;
        if ((first, second) is ('r', 'e') or ('v', 'e') or ('l', 'l'))
            return position + 3;
        bool longS = ignoreCase && text[position + 1] == 0xC5 && text[position + 2] == 0xBF;
        return longS ? position + 3 : position;
    }
}
