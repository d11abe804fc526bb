using System.Globalization;
using System.Text;

namespace FastMlx.Chat.Templates;

/// <summary>Python's full case mappings: .NET's invariant ones keep the length, Unicode's do not.</summary>
internal static class CaseMapping
{
    // Each entry: a character, then what it becomes (Unicode's SpecialCasing and UnicodeData).
    private const string UpperTable =
        "\u00DFSS \u0149\u02BCN \u01F0J\u030C \u0390\u0399\u0308\u0301 \u03B0\u03A5\u0308\u0301 "
        + "\u0587\u0535\u0552 \u1E96H\u0331 \u1E97T\u0308 \u1E98W\u030A \u1E99Y\u030A \u1E9AA\u02BE "
        + "\u1F50\u03A5\u0313 \u1F52\u03A5\u0313\u0300 \u1F54\u03A5\u0313\u0301 \u1F56\u03A5\u0313\u0342 "
        + "\u1F80\u1F08\u0399 \u1F81\u1F09\u0399 \u1F82\u1F0A\u0399 \u1F83\u1F0B\u0399 \u1F84\u1F0C\u0399 "
        + "\u1F85\u1F0D\u0399 \u1F86\u1F0E\u0399 \u1F87\u1F0F\u0399 \u1F88\u1F08\u0399 \u1F89\u1F09\u0399 "
        + "\u1F8A\u1F0A\u0399 \u1F8B\u1F0B\u0399 \u1F8C\u1F0C\u0399 \u1F8D\u1F0D\u0399 \u1F8E\u1F0E\u0399 "
        + "\u1F8F\u1F0F\u0399 \u1F90\u1F28\u0399 \u1F91\u1F29\u0399 \u1F92\u1F2A\u0399 \u1F93\u1F2B\u0399 "
        + "\u1F94\u1F2C\u0399 \u1F95\u1F2D\u0399 \u1F96\u1F2E\u0399 \u1F97\u1F2F\u0399 \u1F98\u1F28\u0399 "
        + "\u1F99\u1F29\u0399 \u1F9A\u1F2A\u0399 \u1F9B\u1F2B\u0399 \u1F9C\u1F2C\u0399 \u1F9D\u1F2D\u0399 "
        + "\u1F9E\u1F2E\u0399 \u1F9F\u1F2F\u0399 \u1FA0\u1F68\u0399 \u1FA1\u1F69\u0399 \u1FA2\u1F6A\u0399 "
        + "\u1FA3\u1F6B\u0399 \u1FA4\u1F6C\u0399 \u1FA5\u1F6D\u0399 \u1FA6\u1F6E\u0399 \u1FA7\u1F6F\u0399 "
        + "\u1FA8\u1F68\u0399 \u1FA9\u1F69\u0399 \u1FAA\u1F6A\u0399 \u1FAB\u1F6B\u0399 \u1FAC\u1F6C\u0399 "
        + "\u1FAD\u1F6D\u0399 \u1FAE\u1F6E\u0399 \u1FAF\u1F6F\u0399 \u1FB2\u1FBA\u0399 \u1FB3\u0391\u0399 "
        + "\u1FB4\u0386\u0399 \u1FB6\u0391\u0342 \u1FB7\u0391\u0342\u0399 \u1FBC\u0391\u0399 "
        + "\u1FC2\u1FCA\u0399 \u1FC3\u0397\u0399 \u1FC4\u0389\u0399 \u1FC6\u0397\u0342 "
        + "\u1FC7\u0397\u0342\u0399 \u1FCC\u0397\u0399 \u1FD2\u0399\u0308\u0300 \u1FD3\u0399\u0308\u0301 "
        + "\u1FD6\u0399\u0342 \u1FD7\u0399\u0308\u0342 \u1FE2\u03A5\u0308\u0300 \u1FE3\u03A5\u0308\u0301 "
        + "\u1FE4\u03A1\u0313 \u1FE6\u03A5\u0342 \u1FE7\u03A5\u0308\u0342 \u1FF2\u1FFA\u0399 "
        + "\u1FF3\u03A9\u0399 \u1FF4\u038F\u0399 \u1FF6\u03A9\u0342 \u1FF7\u03A9\u0342\u0399 "
        + "\u1FFC\u03A9\u0399 \uFB00FF \uFB01FI \uFB02FL \uFB03FFI \uFB04FFL \uFB05ST \uFB06ST "
        + "\uFB13\u0544\u0546 \uFB14\u0544\u0535 \uFB15\u0544\u053B \uFB16\u054E\u0546 \uFB17\u0544\u053D";

    private const string TitleTable =
        "\u00DFSs \u01C4\u01C5 \u01C5\u01C5 \u01C6\u01C5 \u01C7\u01C8 \u01C8\u01C8 \u01C9\u01C8 \u01CA\u01CB "
        + "\u01CB\u01CB \u01CC\u01CB \u01F1\u01F2 \u01F2\u01F2 \u01F3\u01F2 \u0587\u0535\u0582 \u1F80\u1F88 "
        + "\u1F81\u1F89 \u1F82\u1F8A \u1F83\u1F8B \u1F84\u1F8C \u1F85\u1F8D \u1F86\u1F8E \u1F87\u1F8F "
        + "\u1F88\u1F88 \u1F89\u1F89 \u1F8A\u1F8A \u1F8B\u1F8B \u1F8C\u1F8C \u1F8D\u1F8D \u1F8E\u1F8E "
        + "\u1F8F\u1F8F \u1F90\u1F98 \u1F91\u1F99 \u1F92\u1F9A \u1F93\u1F9B \u1F94\u1F9C \u1F95\u1F9D "
        + "\u1F96\u1F9E \u1F97\u1F9F \u1F98\u1F98 \u1F99\u1F99 \u1F9A\u1F9A \u1F9B\u1F9B \u1F9C\u1F9C "
        + "\u1F9D\u1F9D \u1F9E\u1F9E \u1F9F\u1F9F \u1FA0\u1FA8 \u1FA1\u1FA9 \u1FA2\u1FAA \u1FA3\u1FAB "
        + "\u1FA4\u1FAC \u1FA5\u1FAD \u1FA6\u1FAE \u1FA7\u1FAF \u1FA8\u1FA8 \u1FA9\u1FA9 \u1FAA\u1FAA "
        + "\u1FAB\u1FAB \u1FAC\u1FAC \u1FAD\u1FAD \u1FAE\u1FAE \u1FAF\u1FAF \u1FB2\u1FBA\u0345 \u1FB3\u1FBC "
        + "\u1FB4\u0386\u0345 \u1FB7\u0391\u0342\u0345 \u1FBC\u1FBC \u1FC2\u1FCA\u0345 \u1FC3\u1FCC "
        + "\u1FC4\u0389\u0345 \u1FC7\u0397\u0342\u0345 \u1FCC\u1FCC \u1FF2\u1FFA\u0345 \u1FF3\u1FFC "
        + "\u1FF4\u038F\u0345 \u1FF7\u03A9\u0342\u0345 \u1FFC\u1FFC \uFB00Ff \uFB01Fi \uFB02Fl \uFB03Ffi "
        + "\uFB04Ffl \uFB05St \uFB06St \uFB13\u0544\u0576 \uFB14\u0544\u0565 \uFB15\u0544\u056B "
        + "\uFB16\u054E\u0576 \uFB17\u0544\u056D";

    private static readonly Dictionary<char, string> Upper = Read(UpperTable);

    private static readonly Dictionary<char, string> Title = Read(TitleTable);

    public static string ToUpper(string text)
    {
        string simple = text.ToUpperInvariant();
        return Ascii.IsValid(text) ? simple : Expand(text, simple, Upper);
    }

    public static string ToLower(string text)
    {
        string simple = text.ToLowerInvariant();
        if (Ascii.IsValid(text))
            return simple;
        simple = Expand(text, simple, []);
        return simple.Contains('σ') ? WithFinalSigmas(text, simple) : simple;
    }

    /// <summary>str.title(): a cased letter after an uncased character is a title letter.</summary>
    public static string ToTitle(string text)
    {
        var result = new StringBuilder(text.Length);
        bool inWord = false;
        for (int i = 0; i < text.Length;)
        {
            int units = StringValue.UnitsAt(text, i);
            string letter = text.Substring(i, units);
            result.Append(inWord ? ToLower(letter) : TitleLetter(letter));
            inWord = IsCased(text, i);
            i += units;
        }

        return result.ToString();
    }

    public static string Capitalize(string text)
    {
        if (text.Length == 0)
            return text;
        int units = StringValue.UnitsAt(text, 0);
        return TitleLetter(text[..units]) + ToLower(text)[ToLower(text[..units]).Length..];
    }

    public static string SwapCase(string text)
    {
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length;)
        {
            int units = StringValue.UnitsAt(text, i);
            string letter = text.Substring(i, units);
            result.Append(IsUpper(text, i) ? ToLower(letter) : IsLower(text, i) ? ToUpper(letter) : letter);
            i += units;
        }

        return result.ToString();
    }

    public static bool IsCased(string text, int at) => IsUpper(text, at) || IsLower(text, at)
        || CharUnicodeInfo.GetUnicodeCategory(text, at) == UnicodeCategory.TitlecaseLetter;

    public static bool IsUpper(string text, int at) =>
        CharUnicodeInfo.GetUnicodeCategory(text, at) == UnicodeCategory.UppercaseLetter
        || text[at] is >= 'Ⅰ' and <= 'Ⅿ' or >= 'Ⓐ' and <= 'Ⓩ';

    public static bool IsLower(string text, int at) =>
        CharUnicodeInfo.GetUnicodeCategory(text, at) == UnicodeCategory.LowercaseLetter
        || text[at] is 'ª' or 'º' or >= 'ⅰ' and <= 'ⅿ' or >= 'ⓐ' and <= 'ⓩ' or >= 'ʰ' and <= 'ʸ';

    private static Dictionary<char, string> Read(string table) =>
        table.Split(' ').ToDictionary(entry => entry[0], entry => entry[1..]);

    private static string TitleLetter(string letter) =>
        letter.Length == 1 && Title.TryGetValue(letter[0], out string? title) ? title
        : letter[0] is >= '\u10D0' and <= '\u10FF' ? letter
        : ToUpper(letter);

    private static string Expand(string text, string simple, Dictionary<char, string> expansions)
    {
        StringBuilder? result = null;
        for (int i = 0; i < text.Length; i++)
        {
            string? expansion = expansions.Count == 0
                ? text[i] == 'İ' ? "i̇" : null
                : expansions.GetValueOrDefault(text[i]);
            if (expansion is not null && result is null)
                result = new StringBuilder(simple, 0, i, simple.Length + 8);
            if (expansion is not null)
                result!.Append(expansion);
            else
                result?.Append(simple[i]);
        }

        return result?.ToString() ?? simple;
    }

    private static string WithFinalSigmas(string text, string lower)
    {
        if (!text.Contains('Σ') || text.Length != lower.Length)
            return lower;
        char[] letters = lower.ToCharArray();
        for (int i = 0; i < letters.Length; i++)
        {
            bool after = i > 0 && char.IsLetter(text[i - 1]);
            bool before = i + 1 < letters.Length && char.IsLetter(text[i + 1]);
            if (text[i] == 'Σ' && after && !before)
                letters[i] = 'ς';
        }

        return new string(letters);
    }
}
