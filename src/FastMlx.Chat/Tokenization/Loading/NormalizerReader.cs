using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>Reads the normalizer of tokenizer.json. An unknown type is an error.</summary>
internal static class NormalizerReader
{
    // A file must not be able to overflow the stack.
    private const int MaxDepth = 16;

    public static NormalizerChain Read(JsonElement element)
    {
        var steps = new List<TextNormalizer>();
        if (element.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
            Add(new JsonFields(element, "the normalizer"), steps, depth: 0);
        return new NormalizerChain(steps);
    }

    private static void Add(JsonFields fields, List<TextNormalizer> steps, int depth)
    {
        if (depth > MaxDepth)
            throw new TokenizerException("tokenizer.json: normalizers are nested too deeply.");
        if (fields.Type is "BertNormalizer" or "Bert")
        {
            AddBert(fields, steps);
            return;
        }
        if (fields.Type != "Sequence")
        {
            steps.Add(Create(fields));
            return;
        }
        foreach (JsonElement part in fields.List("normalizers"))
            Add(new JsonFields(part, "a normalizer"), steps, depth + 1);
    }

    private static void AddBert(JsonFields fields, List<TextNormalizer> steps)
    {
        bool lowercase = fields.Flag("lowercase");
        if (fields.Flag("clean_text"))
            steps.Add(new RuneMapNormalizer(BertSteps.Clean));
        if (fields.Flag("handle_chinese_chars"))
            steps.Add(new IdeographSpacer());
        if (fields.Flag("strip_accents", missing: lowercase))
        {
            steps.Add(new UnicodeNormalizer(UnicodeForm.Nfd));
            steps.Add(new RuneMapNormalizer(BertSteps.StripAccents));
        }
        if (lowercase)
            steps.Add(new LowercaseNormalizer());
    }

    private static byte[] CharacterMap(JsonFields fields) => fields.Get("precompiled_charsmap") is
    { ValueKind: JsonValueKind.String } value && value.TryGetBytesFromBase64(out byte[]? map)
        ? map
        : throw fields.Wrong("precompiled_charsmap", "base64");

    private static TextNormalizer Create(JsonFields fields) => fields.Type switch
    {
        "NFC" => new UnicodeNormalizer(UnicodeForm.Nfc),
        "NFD" => new UnicodeNormalizer(UnicodeForm.Nfd),
        "NFKC" => new UnicodeNormalizer(UnicodeForm.Nfkc),
        "NFKD" => new UnicodeNormalizer(UnicodeForm.Nfkd),
        "Lowercase" => new LowercaseNormalizer(),
        "Strip" => new StripNormalizer(fields.Flag("strip_left"), fields.Flag("strip_right")),
        "StripAccents" => new RuneMapNormalizer(RuneMapNormalizer.StripAccents),
        "Nmt" => new RuneMapNormalizer(RuneMapNormalizer.Nmt),
        "ByteLevel" => new AlphabetNormalizer(),
        "Precompiled" => new PrecompiledNormalizer(CharacterMap(fields)),
        "Prepend" => new PrependNormalizer(fields.Text("prepend")),
        "Replace" => new ReplaceNormalizer(PatternReader.Read(fields), fields.Text("content")),
        _ => throw fields.UnknownType(),
    };
}
