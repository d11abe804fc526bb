using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>Reads the pre_tokenizer of tokenizer.json. An unknown type is an error.</summary>
internal sealed class PreTokenizerReader
{
    private const int MaxDepth = 16;

    private readonly List<PreTokenizerStep> _steps = [];

    /// <summary>
    /// True: the last step would map bytes to their alphabet and nothing follows it, so that a model can be given the
    /// raw bytes instead. <see cref="Finish"/> adds the mapping for a model that cannot.
    /// </summary>
    public bool EndsWithByteLevel { get; private set; }

    public static PreTokenizerReader Read(JsonElement element)
    {
        var reader = new PreTokenizerReader();
        if (element.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
            reader.Add(new JsonFields(element, "the pre-tokenizer"), depth: 0);
        return reader;
    }

    public PreTokenizerStep[] Finish(bool modelTakesRawBytes)
    {
        if (EndsWithByteLevel && !modelTakesRawBytes)
            _steps.Add(new ByteLevelStep());
        return [.. _steps];
    }

    private void Add(JsonFields fields, int depth)
    {
        if (depth > MaxDepth)
            throw new TokenizerException("tokenizer.json: pre-tokenizers are nested too deeply.");
        if (fields.Type == "Sequence")
        {
            foreach (JsonElement part in fields.List("pretokenizers"))
                Add(new JsonFields(part, "a pre-tokenizer"), depth + 1);
            return;
        }
        if (EndsWithByteLevel)
            _steps.Add(new ByteLevelStep());
        EndsWithByteLevel = false;
        if (fields.Type == "ByteLevel")
            AddByteLevel(fields);
        else
            _steps.AddRange(Create(fields));
    }

    private void AddByteLevel(JsonFields fields)
    {
        _ = fields.Flag("trim_offsets");
        if (fields.Flag("add_prefix_space"))
            _steps.Add(new PrefixSpaceStep());
        if (fields.Flag("use_regex", missing: true))
            _steps.Add(new SplitStep(new Gpt2Scanner(), SplitBehavior.Isolated, invert: false));
        EndsWithByteLevel = true;
    }

    private static PreTokenizerStep[] Create(JsonFields fields) => fields.Type switch
    {
        "Split" => [new SplitStep(PatternReader.Read(fields), Behavior(fields), fields.Flag("invert"))],
        "Metaspace" => [new MetaspaceStep(fields.Character("replacement"), Scheme(fields), fields.Flag("split", true))],
        "Digits" => [new SplitStep(new NumericPattern(), fields.Flag("individual_digits")
            ? SplitBehavior.Isolated : SplitBehavior.Contiguous, invert: false)],
        "Punctuation" => [new SplitStep(new PunctuationPattern(), fields.Has("behavior")
            ? Behavior(fields) : SplitBehavior.Isolated, invert: false)],
        "WhitespaceSplit" => [Split(CharClasses.White, SplitBehavior.Removed)],
        "Whitespace" => [new SplitStep(new WordsAndSymbols(), SplitBehavior.Removed, invert: true)],
        "BertPreTokenizer" => [Split(CharClasses.White, SplitBehavior.Removed),
            new SplitStep(new PunctuationPattern(), SplitBehavior.Isolated, invert: false)],
        "CharDelimiterSplit" or "Delimiter" => [new SplitStep(
            new LiteralPattern(char.ConvertFromUtf32(fields.Character("delimiter"))), SplitBehavior.Removed, false)],
        "UnicodeScripts" => [new SplitStep(new ScriptPattern(), SplitBehavior.Isolated, invert: false)],
        "FixedLength" => [new SplitStep(new FixedLengthPattern(fields.Number("length", 5)),
            SplitBehavior.Isolated, invert: false)],
        _ => throw fields.UnknownType(),
    };

    private static SplitStep Split(int bits, SplitBehavior behavior) =>
        new(new ClassRunScanner(bits, max: 1), behavior, invert: false);

    private static SplitBehavior Behavior(JsonFields fields) => fields.Text("behavior") switch
    {
        "Removed" => SplitBehavior.Removed,
        "Isolated" => SplitBehavior.Isolated,
        "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
        "MergedWithNext" => SplitBehavior.MergedWithNext,
        "Contiguous" => SplitBehavior.Contiguous,
        string other => throw new TokenizerException(
            $"tokenizer.json: {fields.Where} has the unknown behavior {other}."),
    };

    public static PrependScheme Scheme(JsonFields fields)
    {
        PrependScheme scheme = fields.Text("prepend_scheme", "always") switch
        {
            "always" => PrependScheme.Always,
            "first" => PrependScheme.First,
            "never" => PrependScheme.Never,
            _ => throw fields.Wrong("prepend_scheme", "always, first or never"),
        };
        if (fields.Has("add_prefix_space") && !fields.Flag("add_prefix_space") && scheme != PrependScheme.Never)
        {
            throw new TokenizerException(
                $"tokenizer.json: add_prefix_space of {fields.Where} does not match its prepend_scheme.");
        }
        return scheme;
    }
}
