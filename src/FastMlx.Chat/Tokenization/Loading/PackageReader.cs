using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Tokenizers of folders that have no tokenizer.json: tokenizer.model (SentencePiece) or ranks for tiktoken. Their
/// added
/// tokens are those of tokenizer_config.json, with the ids given there.
/// </summary>
internal static class PackageReader
{
    private static readonly string[] TiktokenFiles = ["tiktoken.model", "qwen.tiktoken", "tokenizer.tiktoken"];

    public static TokenizerParts? Read(string directory, JsonElement config)
    {
        string sentencePiece = Path.Combine(directory, "tokenizer.model");
        string? ranks = TiktokenFiles.Select(name => Path.Combine(directory, name)).FirstOrDefault(File.Exists);
        List<AddedToken> added = AddedTokens(config);
        if (ranks is not null)
            return OfTiktoken(File.ReadAllBytes(ranks), TiktokenPattern(ranks, config), added);
        if (!File.Exists(sentencePiece))
            return null;
        byte[] file = File.ReadAllBytes(sentencePiece);
        // Llama 3 in Meta's own layout keeps ranks under this name.
        return LooksLikeRanks(file)
            ? OfTiktoken(file, TiktokenPattern(sentencePiece, config), added)
            : OfSentencePiece(file, added);
    }

    // The package's BPE merges the rightmost of equal pairs, SentencePiece the leftmost, so that runs ("###", spaces)
    // get
    // other ids: plain BPE models run on our own core. The package does the rest.
    private static TokenizerParts OfSentencePiece(byte[] file, List<AddedToken> added)
    {
        SentencePieceProto proto = SentencePieceProto.Read(file);
        foreach ((string token, int id) in proto.ControlTokens)
        {
            if (added.All(other => other.Content != token))
                added.Add(new AddedToken(id, token) { Special = true });
        }
        bool ours = proto.ModelType == SentencePieceProto.Bpe && !proto.HasCharacterMap && !proto.RemoveExtraSpaces;
        TokenModel model = ours ? SentencePieceMerges.Create(proto) : OfPackage(file);
        List<TextNormalizer> normalizer = ours ? [new ReplaceNormalizer(new LiteralPattern(" "), "▁")] : [];
        if (ours && proto.AddDummyPrefix)
            normalizer.Insert(0, new PrependNormalizer("▁"));
        const string Decoder = """
            {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},
            {"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":START,"stop":0}]}
            """;
        return Assemble(model, added, normalizer, [], Decoder.Replace("START", proto.AddDummyPrefix ? "1" : "0",
            StringComparison.Ordinal));
    }

    private static SentencePieceModel OfPackage(byte[] file)
    {
        try
        {
            return new SentencePieceModel(new MemoryStream(file));
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // The package's parser throws what its dependencies throw.
            throw new TokenizerException("tokenizer.model cannot be read: " + e.Message, e);
        }
    }

    private static TokenizerParts OfTiktoken(byte[] file, CutPattern pattern, List<AddedToken> added)
    {
        PreTokenizerStep[] steps = [new SplitStep(pattern, SplitBehavior.Isolated, invert: false)];
        return Assemble(new TiktokenModel(file), added, [], steps,
            """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false}""");
    }

    private static TokenizerParts Assemble(TokenModel model, List<AddedToken> added,
        List<TextNormalizer> normalizer, PreTokenizerStep[] steps, string decoder)
    {
        using JsonDocument decoderJson = JsonDocument.Parse(decoder);
        return new TokenizerParts
        {
            Model = model,
            Vocabulary = new TokenVocabulary(model, added, idsAreGiven: true),
            Normalizer = new NormalizerChain(normalizer),
            PreTokenizer = steps,
            PostProcessor = new PostProcessor([]),
            Decoder = DecoderReader.Read(decoderJson.RootElement),
        };
    }

    // The files of ranks do not say how to cut; the tokenizer's class does.
    private static CutPattern TiktokenPattern(string path, JsonElement config)
    {
        string text = config.ValueKind == JsonValueKind.Object ? config.GetRawText() : "";
        if (path.EndsWith("qwen.tiktoken", StringComparison.Ordinal) || text.Contains("QWen", StringComparison.Ordinal))
            return KnownPatterns.Qwen;
        if (text.Contains("TikTokenTokenizer", StringComparison.Ordinal)
            || text.Contains("tokenization_kimi", StringComparison.Ordinal))
            return KnownPatterns.Kimi;
        if (path.EndsWith("tokenizer.model", StringComparison.Ordinal))
            return KnownPatterns.Llama3;
        throw new TokenizerException($"{Path.GetFileName(path)} has no tokenizer.json beside it, and its "
            + "tokenizer_config.json names no known way to cut text. Convert it to tokenizer.json.");
    }

    private static bool LooksLikeRanks(ReadOnlySpan<byte> file)
    {
        int end = file.IndexOf((byte)'\n');
        ReadOnlySpan<byte> line = end < 0 ? file : file[..end];
        int space = line.IndexOf((byte)' ');
        return space > 0 && System.Buffers.Text.Base64.IsValid(line[..space])
            && line[(space + 1)..].TrimEnd((byte)'\r').IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
    }

    private static List<AddedToken> AddedTokens(JsonElement config)
    {
        var tokens = new List<AddedToken>();
        if (!config.TryGetProperty("added_tokens_decoder", out JsonElement decoder)
            || decoder.ValueKind != JsonValueKind.Object)
            return tokens;
        foreach (JsonProperty entry in decoder.EnumerateObject())
        {
            var fields = new JsonFields(entry.Value, "an added token of tokenizer_config.json");
            if (!int.TryParse(entry.Name, out int id) || id < 0)
                throw new TokenizerException("tokenizer_config.json: an id of added_tokens_decoder is not a number.");
            tokens.Add(new AddedToken(id, fields.Text("content"))
            {
                SingleWord = fields.Flag("single_word", false),
                LeftStrip = fields.Flag("lstrip", false),
                RightStrip = fields.Flag("rstrip", false),
                Special = fields.Flag("special", false),
            });
        }
        return tokens;
    }
}
