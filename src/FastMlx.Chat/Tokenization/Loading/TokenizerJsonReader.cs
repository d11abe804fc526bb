using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>Reads tokenizer.json. Of a key that comes twice the last counts; unknown keys are passed over.</summary>
internal static class TokenizerJsonReader
{
    public static TokenizerParts Read(ReadOnlySpan<byte> file)
    {
        // The JSON reader does not look into strings.
        if (!System.Text.Unicode.Utf8.IsValid(file))
            throw new TokenizerException("tokenizer.json is not UTF-8.");
        try
        {
            return ReadObject(file);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new TokenizerException("tokenizer.json is not valid JSON: " + e.Message, e);
        }
    }

    private static TokenizerParts ReadObject(ReadOnlySpan<byte> file)
    {
        var reader = new Utf8JsonReader(file);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            throw new TokenizerException("tokenizer.json is not an object.");
        var fields = new Dictionary<string, JsonElement>();
        ModelDraft? model = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == "model")
            {
                model = ModelReader.Read(ref reader, file);
            }
            else
            {
                fields[name] = JsonElement.ParseValue(ref reader);
            }
        }
        // Anything behind the object is an error.
        if (reader.Read() || model is null)
            throw new TokenizerException("tokenizer.json has no model.");
        return Assemble(model, fields);
    }

    private static TokenizerParts Assemble(ModelDraft draft, Dictionary<string, JsonElement> fields)
    {
        if (fields.TryGetValue("version", out JsonElement version)
            && (version.ValueKind != JsonValueKind.String || version.GetString() != "1.0"))
            throw new TokenizerException($"tokenizer.json has the unknown version {version}.");
        PreTokenizerReader preTokenizer = PreTokenizerReader.Read(fields.GetValueOrDefault("pre_tokenizer"));
        TokenModel model = ModelReader.Create(draft, preTokenizer.EndsWithByteLevel);
        return new TokenizerParts
        {
            Model = model,
            Vocabulary = new TokenVocabulary(model, AddedTokens(fields.GetValueOrDefault("added_tokens"))),
            Normalizer = NormalizerReader.Read(fields.GetValueOrDefault("normalizer")),
            PreTokenizer = preTokenizer.Finish(model.TakesRawBytes),
            PostProcessor = PostProcessorReader.Read(fields.GetValueOrDefault("post_processor")),
            Decoder = DecoderReader.Read(fields.GetValueOrDefault("decoder")),
            Truncation = ReadTruncation(fields.GetValueOrDefault("truncation")),
            Padding = ReadPadding(fields.GetValueOrDefault("padding")),
        };
    }

    private static List<AddedToken> AddedTokens(JsonElement list)
    {
        var tokens = new List<AddedToken>();
        if (list.ValueKind is JsonValueKind.Undefined)
            return tokens;
        if (list.ValueKind != JsonValueKind.Array)
            throw new TokenizerException("tokenizer.json: added_tokens is not a list.");
        foreach (JsonElement element in list.EnumerateArray())
        {
            var fields = new JsonFields(element, "an added token");
            tokens.Add(new AddedToken(fields.Number("id"), fields.Text("content"))
            {
                SingleWord = fields.Flag("single_word"),
                LeftStrip = fields.Flag("lstrip"),
                RightStrip = fields.Flag("rstrip"),
                Normalized = fields.Flag("normalized"),
                Special = fields.Flag("special"),
            });
        }
        return tokens;
    }

    private static Truncation? ReadTruncation(JsonElement element)
    {
        if (element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return null;
        var fields = new JsonFields(element, "truncation");
        return new Truncation(fields.Number("max_length"), fields.Text("direction", "Right") == "Left");
    }

    private static Padding? ReadPadding(JsonElement element)
    {
        if (element.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
            return null;
        var fields = new JsonFields(element, "padding");
        JsonElement strategy = fields.Get("strategy");
        int length = strategy.ValueKind == JsonValueKind.Object
            ? new JsonFields(strategy, "strategy").Number("Fixed")
            : 0;
        return new Padding(length, fields.Number("pad_to_multiple_of", 0), fields.Text("direction", "Right") == "Left",
            fields.Number("pad_id"));
    }
}
