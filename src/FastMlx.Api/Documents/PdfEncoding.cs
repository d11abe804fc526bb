using System.Globalization;

namespace FastMlx.Api;

/// <summary>Codes of simple fonts: Windows' Latin letters, changed by a list of glyph names.</summary>
internal static class PdfEncoding
{
    // Codes 0x80 to 0x9F of Windows-1252; 0: nothing.
    private static ReadOnlySpan<ushort> Upper =>
    [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
        0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E,
            0x0178,
    ];

    private static readonly Dictionary<string, string> Glyphs = new()
    {
        ["space"] = " ",
        ["exclam"] = "!",
        ["quotedbl"] = "\"",
        ["numbersign"] = "#",
        ["dollar"] = "$",
        ["percent"] = "%",
        ["ampersand"] = "&",
        ["quotesingle"] = "'",
        ["parenleft"] = "(",
        ["parenright"] = ")",
        ["asterisk"] = "*",
        ["plus"] = "+",
        ["comma"] = ",",
        ["hyphen"] = "-",
        ["period"] = ".",
        ["slash"] = "/",
        ["zero"] = "0",
        ["one"] = "1",
        ["two"] = "2",
        ["three"] = "3",
        ["four"] = "4",
        ["five"] = "5",
        ["six"] = "6",
        ["seven"] = "7",
        ["eight"] = "8",
        ["nine"] = "9",
        ["colon"] = ":",
        ["semicolon"] = ";",
        ["less"] = "<",
        ["equal"] = "=",
        ["greater"] = ">",
        ["question"] = "?",
        ["at"] = "@",
        ["bracketleft"] = "[",
        ["backslash"] = "\\",
        ["bracketright"] = "]",
        ["asciicircum"] = "^",
        ["underscore"] = "_",
        ["grave"] = "`",
        ["braceleft"] = "{",
        ["bar"] = "|",
        ["braceright"] = "}",
        ["asciitilde"] = "~",
        ["quoteleft"] = "‘",
        ["quoteright"] = "’",
        ["quotedblleft"] = "“",
        ["quotedblright"] = "”",
        ["endash"] = "–",
        ["emdash"] = "—",
        ["bullet"] = "•",
        ["ellipsis"] = "…",
        ["fi"] = "fi",
        ["fl"] = "fl",
        ["ff"] = "ff",
        ["ffi"] = "ffi",
        ["ffl"] = "ffl",
        ["dotlessi"] = "ı",
        ["germandbls"] = "ß",
        ["adieresis"] = "ä",
        ["odieresis"] = "ö",
        ["udieresis"] = "ü",
        ["Adieresis"] = "Ä",
        ["Odieresis"] = "Ö",
        ["Udieresis"] = "Ü",
        ["eacute"] = "é",
        ["egrave"] = "è",
        ["ecircumflex"] = "ê",
        ["agrave"] = "à",
        ["aacute"] = "á",
        ["acircumflex"] = "â",
        ["ccedilla"] = "ç",
        ["ntilde"] = "ñ",
        ["iacute"] = "í",
        ["oacute"] = "ó",
        ["uacute"] = "ú",
        ["copyright"] = "©",
        ["registered"] = "®",
        ["degree"] = "°",
        ["section"] = "§",
        ["Euro"] = "€",
        ["sterling"] = "£",
        ["minus"] = "−",
        ["multiply"] = "×",
        ["divide"] = "÷",
        ["plusminus"] = "±",
        ["mu"] = "µ",
        ["nbspace"] = " ",
    };

    public static Dictionary<int, string> Read(PdfFile file, PdfValue encoding)
    {
        var texts = new Dictionary<int, string>();
        for (int code = 0x20; code < 0x100; code++)
        {
            int unit = code is >= 0x80 and < 0xA0 ? Upper[code - 0x80] : code;
            if (unit != 0 && code != 0x7F)
                texts[code] = ((char)unit).ToString();
        }
        int next = 0;
        foreach (PdfValue item in file.Entry(encoding, "Differences").Items)
        {
            if (item.Kind == PdfKind.Number)
                next = (int)Math.Clamp(item.Number, 0, 0xFF);
            else if (item.Kind == PdfKind.Name && Meaning(item.Name) is { } text)
                texts[next++] = text;
            else
                texts.Remove(next++);
        }
        return texts;
    }

    // "A", "one", "uni00E9", "a.alt"; null for "g37".
    private static string? Meaning(string glyph)
    {
        int dot = glyph.IndexOf('.', StringComparison.Ordinal);
        if (dot > 0)
            glyph = glyph[..dot];
        if (glyph.Length == 1)
            return glyph;
        if (Glyphs.TryGetValue(glyph, out string? text))
            return text;
        string digits = glyph.StartsWith("uni", StringComparison.Ordinal) ? glyph[3..]
            : glyph.StartsWith('u') ? glyph[1..] : "";
        bool isCode = int.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out int code);
        return isCode && System.Text.Rune.IsValid(code) && digits.Length >= 4 ? new System.Text.Rune(code).ToString()
            : null;
    }
}
