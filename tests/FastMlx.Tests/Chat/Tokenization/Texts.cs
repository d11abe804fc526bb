using CsCheck;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>Texts that scanners and normalizers stumble over.</summary>
internal static class Texts
{
    private static readonly string[] Atoms =
    [
        " ", "  ", "\n", "\r\n", "\t", "\u00A0", "\u3000", "\u0085", "a", "b", "S", "T", "don't", "'s", "'LL",
        "'", "’s",
        "é", "e\u0301", "\u0301", "ß", "ǅ", "ʰ", "ª", "中", "〇", "⼀", "々", "ー", "ぁ", "한", "ᄀ", "ᅡ", "ᆨ", "😀", "👍🏽",
        "1", "23", "456", "²", "Ⅷ", "٣", "𝟙", ".", ",", "!?", "/", "//", "-", "_", "(", "$", "€", "<", ">", "|",
        "<|im_end|>",
        "\0", "\u0378", "\uE000", "\u200B", "\uFEFF", "\uFFFD", "Ab", "AB", "aB", "ŉ", "ﬁ", "Å", "ệ", "▁", "Ġ",
        "<0x0A>",
    ];

    public static Gen<string> Any { get; } = OneOf(Atoms).Array[0, 24].Select(parts => string.Concat(parts));

    public static Gen<string> OneOf(params string[] choices) => Gen.Int[0, choices.Length - 1].Select(i => choices[i]);

    /// <summary>Without the characters for which the runtime's Regex is known to differ from the reference.</summary>
    public static Gen<string> InBasicPlane { get; } = Any.Select(text =>
        string.Concat(text.Where(c => !char.IsSurrogate(c) && c != 'ſ')));
}
