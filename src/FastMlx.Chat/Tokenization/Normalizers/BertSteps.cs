using System.Globalization;

namespace FastMlx.Chat.Tokenization;

/// <summary>The parts of BertNormalizer.</summary>
internal static class BertSteps
{
    /// <summary>Drops NUL, U+FFFD and control characters; white space becomes a space.</summary>
    public static int Clean(int c)
    {
        if ((CharClasses.Of(c) & CharClasses.White) != 0)
            return c is '\t' or '\n' or '\r' || !IsControl(c) ? ' ' : -1;
        return c is 0 or 0xFFFD || IsControl(c) ? -1 : c;
    }

    /// <summary>Drops marks that take no space.</summary>
    public static int StripAccents(int c) =>
        CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.NonSpacingMark
            && UnicodeScriptTable.Instance.InUnicode9(c) >= 0 ? -1 : c;

    private static bool IsControl(int c) => CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.PrivateUse;
}
