using System.Globalization;

namespace FastMlx.Chat.Templates;

/// <summary>Python's character classes, where .NET's differ.</summary>
internal static class PythonCharacters
{
    /// <summary>str.isspace(), which has the four separators U+001C to U+001F that .NET leaves out.</summary>
    public static bool IsSpace(char character) =>
        char.IsWhiteSpace(character) || character is >= '\x1c' and <= '\x1f';

    /// <summary>Where str.splitlines() cuts.</summary>
    public static bool IsLineBreak(char character) => character is
        '\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029';

    public static string Trim(string text)
    {
        int start = 0;
        int end = text.Length;
        while (start < end && IsSpace(text[start]))
            start++;
        while (end > start && IsSpace(text[end - 1]))
            end--;
        return text[start..end];
    }

    /// <summary>What `\w` matches: letters, numbers, underscore (Python's isalnum() and '_').</summary>
    public static bool IsWord(string text, int at) => text[at] == '_' || IsAlphabetic(text, at) || IsNumeric(text, at);

    public static bool IsAlphabetic(string text, int at) => CharUnicodeInfo.GetUnicodeCategory(text, at) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter;

    public static bool IsDecimal(string text, int at) =>
        CharUnicodeInfo.GetUnicodeCategory(text, at) == UnicodeCategory.DecimalDigitNumber;

    public static bool IsDigit(string text, int at) =>
        CharUnicodeInfo.GetDigitValue(text, at) >= 0;

    public static bool IsNumeric(string text, int at) => CharUnicodeInfo.GetNumericValue(text, at) >= 0
        || CharUnicodeInfo.GetUnicodeCategory(text, at) is UnicodeCategory.DecimalDigitNumber
            or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    public static bool IsIdentifier(string text)
    {
        if (text.Length == 0 || !(text[0] == '_' || IsAlphabetic(text, 0)
            || CharUnicodeInfo.GetUnicodeCategory(text, 0) == UnicodeCategory.LetterNumber))
            return false;
        for (int i = 0; i < text.Length; i += StringValue.UnitsAt(text, i))
        {
            bool continues = IsWord(text, i) || CharUnicodeInfo.GetUnicodeCategory(text, i) is
                UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.ConnectorPunctuation;
            if (!continues)
                return false;
        }

        return true;
    }
}
