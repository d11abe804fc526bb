using System.Text;

namespace FastMlx.Api;

/// <summary>A ToUnicode map (ISO 32000-1 §9.10.3): codes to UTF-16 text.</summary>
internal static class PdfCharacterMap
{
    private const int RangeMax = 0x10000;

    /// <summary>
    /// Adds the map's entries; says whether its codes have two bytes, or null where it does not tell.
    /// </summary>
    public static bool? Read(ReadOnlyMemory<byte> map, Dictionary<int, string> texts)
    {
        var parser = new PdfParser(map);
        var operands = new List<PdfValue>();
        bool? isWide = null;
        while (!parser.IsAtEnd)
        {
            PdfValue? token = parser.Next();
            if (token is null)
                continue;
            if (token.Kind != PdfKind.Keyword)
            {
                operands.Add(token);
                continue;
            }
            switch (token.Name)
            {
                case "endcodespacerange":
                    isWide = operands is [{ Bytes.Length: > 0 } first, ..]
                    && first.Bytes.Length > 1; break;
                case "endbfchar": ReadCharacters(operands, texts); break;
                case "endbfrange": ReadRanges(operands, texts); break;
            }
            operands.Clear();
        }
        return isWide;
    }

    private static void ReadCharacters(List<PdfValue> operands, Dictionary<int, string> texts)
    {
        for (int i = 0; i + 1 < operands.Count; i += 2)
            texts[Code(operands[i])] = Text(operands[i + 1].Bytes, 0);
    }

    private static void ReadRanges(List<PdfValue> operands, Dictionary<int, string> texts)
    {
        for (int i = 0; i + 2 < operands.Count; i += 3)
        {
            int first = Code(operands[i]);
            int last = Math.Min(Code(operands[i + 1]), first + RangeMax);
            PdfValue to = operands[i + 2];
            for (int code = first; code <= last && texts.Count <= RangeMax; code++)
            {
                if (to.Kind != PdfKind.Array)
                    texts[code] = Text(to.Bytes, code - first);
                else if (code - first < to.Items.Count)
                    texts[code] = Text(to.Items[code - first].Bytes, 0);
            }
        }
    }

    private static int Code(PdfValue text)
    {
        int code = 0;
        foreach (byte part in text.Bytes.AsSpan(0, Math.Min(text.Bytes.Length, 2)))
            code = code << 8 | part;
        return code;
    }

    // The last unit grows along a range. Halves of a pair that stand alone become U+FFFD.
    private static string Text(byte[] utf16, int offset)
    {
        if (utf16.Length < 2)
            return utf16.Length == 0 ? "" : ((char)(utf16[0] + offset)).ToString();
        byte[] units = [.. utf16];
        int last = (units[^2] << 8 | units[^1]) + offset;
        units[^2] = (byte)(last >> 8);
        units[^1] = (byte)last;
        return Encoding.BigEndianUnicode.GetString(units);
    }
}
