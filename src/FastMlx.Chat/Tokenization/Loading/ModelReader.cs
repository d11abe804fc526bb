using System.Text;
using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Reads the model of tokenizer.json, in one pass for files as they are written; keys may come in any order.
/// </summary>
internal static class ModelReader
{
    /// <summary>The reader is on the object's first token and is moved to its last.</summary>
    public static ModelDraft Read(ref Utf8JsonReader reader, ReadOnlySpan<byte> file)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new TokenizerException("tokenizer.json: the model is not an object.");
        var draft = new ModelDraft();
        int mergesStart = -1;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == "vocab")
            {
                VocabularyReader.Read(ref reader, draft, file.Length);
            }
            else if (name == "merges")
            {
                // They are read when the vocabulary and the prefix are known: at once, or behind the object.
                mergesStart = (int)reader.TokenStartIndex;
                bool atOnce = draft.Tokens is not null && draft.Has("continuing_subword_prefix");
                draft.Merges = atOnce ? MergesReader.Read(ref reader, draft, file.Length - mergesStart) : null;
                if (!atOnce)
                    reader.Skip();
            }
            else
            {
                draft.Set(name, JsonElement.ParseValue(ref reader));
            }
        }
        if (mergesStart >= 0 && draft.Merges is null && draft.Tokens is not null)
        {
            var again = new Utf8JsonReader(file[mergesStart..]);
            again.Read();
            draft.Merges = MergesReader.Read(ref again, draft, file.Length - mergesStart);
        }
        return draft;
    }

    /// <param name="draft">What was read.</param>
    /// <param name="endsWithByteLevel">The pre-tokenizer lets the model have raw bytes.</param>
    public static TokenModel Create(ModelDraft draft, bool endsWithByteLevel)
    {
        string type = draft.Has("type") ? draft.Text("type") ?? "" : InferType(draft);
        return type switch
        {
            "BPE" => CreateBpe(draft, endsWithByteLevel),
            "Unigram" => new UnigramModel(Tokens(draft), [.. draft.Scores ?? throw ModelDraft.Missing("scores")],
                draft.Number("unk_id"), draft.Flag("byte_fallback")),
            "WordPiece" => new WordPieceModel(Vocabulary(draft), draft.Need("unk_token"),
                draft.Need("continuing_subword_prefix"), draft.Number("max_input_chars_per_word")
                    ?? throw ModelDraft.Missing("max_input_chars_per_word")),
            "WordLevel" => new WordLevelModel(Vocabulary(draft), draft.Need("unk_token")),
            _ => throw new TokenizerException($"tokenizer.json: the model has the unknown type {type}."),
        };
    }

    // Old files do not say.
    private static string InferType(ModelDraft draft) => draft.Scores is not null ? "Unigram"
        : draft.Merges is not null ? "BPE"
        : draft.Has("max_input_chars_per_word") ? "WordPiece"
        : draft.Has("unk_token") ? "WordLevel"
        : throw ModelDraft.Missing("vocab or merges");

    private static TokenTable Tokens(ModelDraft draft) => draft.Tokens ?? throw ModelDraft.Missing("vocab");

    private static TokenTable Vocabulary(ModelDraft draft) => draft.Scores is null
        ? Tokens(draft)
        : throw VocabularyReader.Bad();

    private static BpeModel CreateBpe(ModelDraft draft, bool endsWithByteLevel)
    {
        draft.CheckDropout();
        var options = new BpeOptions
        {
            UnknownToken = draft.Text("unk_token"),
            ContinuingPrefix = draft.Text("continuing_subword_prefix"),
            WordSuffix = draft.Text("end_of_word_suffix"),
            FuseUnknown = draft.Flag("fuse_unk"),
            ByteFallback = draft.Flag("byte_fallback"),
            IgnoreMerges = draft.Flag("ignore_merges"),
        };
        TokenTable tokens = Vocabulary(draft);
        return new BpeModel(tokens, draft.Merges ?? throw ModelDraft.Missing("merges"), options, endsWithByteLevel);
    }
}
