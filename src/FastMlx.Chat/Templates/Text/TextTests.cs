namespace FastMlx.Chat.Templates;

/// <summary>The is… methods of str.</summary>
internal static class TextTests
{
    public static Func<string, bool>? Find(string name) => name switch
    {
        "isspace" => text => All(text, (t, i) => PythonCharacters.IsSpace(t[i])),
        "isalpha" => text => All(text, PythonCharacters.IsAlphabetic),
        "isdigit" => text => All(text, PythonCharacters.IsDigit),
        "isdecimal" => text => All(text, PythonCharacters.IsDecimal),
        "isnumeric" => text => All(text, PythonCharacters.IsNumeric),
        "isalnum" => text => All(text, (t, i) =>
            PythonCharacters.IsAlphabetic(t, i) || PythonCharacters.IsNumeric(t, i)),
        "isidentifier" => PythonCharacters.IsIdentifier,
        "isupper" => IsUpper,
        "islower" => IsLower,
        "istitle" => IsTitle,
        "isascii" => text => !text.AsSpan().ContainsAnyExceptInRange('\0', '\x7f'),
        "isprintable" => text => PythonText.Quote(text).Length == text.Length + 2 && !text.Contains('\\'),
        _ => null,
    };

    public static bool IsUpper(string text) => OnlyCased(text, CaseMapping.IsUpper);

    public static bool IsLower(string text) => OnlyCased(text, CaseMapping.IsLower);

    private static bool All(string text, Func<string, int, bool> test)
    {
        for (int i = 0; i < text.Length; i += StringValue.UnitsAt(text, i))
        {
            if (!test(text, i))
                return false;
        }

        return text.Length > 0;
    }

    private static bool OnlyCased(string text, Func<string, int, bool> isOfCase)
    {
        bool found = false;
        for (int i = 0; i < text.Length; i += StringValue.UnitsAt(text, i))
        {
            if (isOfCase(text, i))
                found = true;
            else if (CaseMapping.IsCased(text, i))
                return false;
        }

        return found;
    }

    private static bool IsTitle(string text)
    {
        bool found = false;
        bool inWord = false;
        for (int i = 0; i < text.Length; i += StringValue.UnitsAt(text, i))
        {
            bool cased = CaseMapping.IsCased(text, i);
            if (cased && CaseMapping.IsLower(text, i) != inWord)
                return false;
            found |= cased;
            inWord = cased;
        }

        return found;
    }
}
