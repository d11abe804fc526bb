using System.Globalization;
using System.Text;

namespace FastMlx.Chat.Templates;

/// <summary>Python's full case mappings: .NET's invariant ones keep the length, Unicode's do not.</summary>
internal static class CaseMapping
{
    private const string Expansions =
        "ßSS ŉʼN ǰJ̌ ΐΪ́ ΰΫ́ ևԵՒ ẖH̱ ẗT̈ ẘW̊ ẙY̊ ẚAʾ ὐΥ̓ ὒΥ̓̀ ὔΥ̓́ ὖΥ̓͂ "
        + "ᾀἈΙ ᾁἉΙ ᾂἊΙ ᾃἋΙ ᾄἌΙ ᾅἍΙ ᾆἎΙ ᾇἏΙ ᾈἈΙ ᾉἉΙ ᾊἊΙ ᾋἋΙ ᾌἌΙ ᾍἍΙ ᾎἎΙ ᾏἏΙ ᾐἨΙ ᾑἩΙ ᾒἪΙ ᾓἫΙ ᾔἬΙ ᾕἭΙ ᾖἮΙ ᾗἯΙ "
        + "ᾘἨΙ ᾙἩΙ ᾚἪΙ ᾛἫΙ ᾜἬΙ ᾝἭΙ ᾞἮΙ ᾟἯΙ ᾠὨΙ ᾡὩΙ ᾢὪΙ ᾣὫΙ ᾤὬΙ ᾥὭΙ ᾦὮΙ ᾧὯΙ ᾨὨΙ ᾩὩΙ ᾪὪΙ ᾫὫΙ ᾬὬΙ ᾭὭΙ ᾮὮΙ ᾯὯΙ "
        + "ᾲᾺΙ ᾳΑΙ ᾴΆΙ ᾶΑ͂ ᾷΑ͂Ι ᾼΑΙ ῂῊΙ ῃΗΙ ῄΉΙ ῆΗ͂ ῇΗ͂Ι ῌΗΙ ῒΪ̀ ΐΪ́ ῖΙ͂ ῗΪ͂ ῢΫ̀ ΰΫ́ ῤΡ̓ ῦΥ͂ ῧΫ͂ ῲῺΙ ῳΩΙ ῴΏΙ ῶΩ͂ ῷΩ͂Ι "
        + "ῼΩΙ ﬀFF ﬁFI ﬂFL ﬃFFI ﬄFFL ﬅST ﬆST ﬓՄՆ ﬔՄԵ ﬕՄԻ ﬖՎՆ ﬗՄԽ";

    private static readonly Dictionary<char, string> Upper = Expansions.Split(' ')
        .Where(entry => entry.Length > 1)
        .ToDictionary(entry => entry[0], entry => entry[1..]);

    private static readonly Dictionary<char, string> Title = new()
    {
        ['ß'] = "Ss", ['Ǆ'] = "ǅ", ['ǅ'] = "ǅ", ['ǆ'] = "ǅ", ['Ǉ'] = "ǈ", ['ǈ'] = "ǈ", ['ǉ'] = "ǈ", ['Ǌ'] = "ǋ",
        ['ǋ'] = "ǋ", ['ǌ'] = "ǋ", ['Ǳ'] = "ǲ", ['ǲ'] = "ǲ", ['ǳ'] = "ǲ", ['և'] = "Եւ", ['ﬀ'] = "Ff", ['ﬁ'] = "Fi",
        ['ﬂ'] = "Fl", ['ﬃ'] = "Ffi", ['ﬄ'] = "Ffl", ['ﬅ'] = "St", ['ﬆ'] = "St", ['ﬓ'] = "Մն", ['ﬔ'] = "Մե",
        ['ﬕ'] = "Մի", ['ﬖ'] = "Վն", ['ﬗ'] = "Մխ",
    };

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

    private static string TitleLetter(string letter) =>
        letter.Length == 1 && Title.TryGetValue(letter[0], out string? title) ? title
        : letter[0] is >= 'ა' and <= 'ჿ' ? letter
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
