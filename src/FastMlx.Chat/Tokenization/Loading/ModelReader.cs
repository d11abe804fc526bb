using System.Buffers;
using System.Text;
using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Reads the model of tokenizer.json straight from its bytes: the vocabulary and the merges are hundreds of thousands
/// of short strings that never become strings here. Keys may come in any order.
/// </summary>
internal ref struct ModelReader(ReadOnlySpan<byte> file)
{
    private readonly ReadOnlySpan<byte> _file = file;
    private readonly Dictionary<string, JsonElement> _small = [];
    private (int Start, JsonTokenType Kind)? _vocab;
    private int? _merges;
    private byte[] _unescaped = new byte[256];

    // The reader is on the object's first token and is moved to its last.
    public TokenModel Read(ref Utf8JsonReader reader, bool endsWithByteLevel)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new TokenizerException("tokenizer.json: the model is not an object.");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isVocab = reader.ValueTextEquals("vocab"u8);
            bool isMerges = reader.ValueTextEquals("merges"u8);
            string name = isVocab || isMerges ? "" : reader.GetString()!;
            reader.Read();
            if (isVocab)
                _vocab = ((int)reader.TokenStartIndex, reader.TokenType);
            else if (isMerges)
                _merges = (int)reader.TokenStartIndex;
            else
                _small[name] = JsonElement.ParseValue(ref reader);
            if (isVocab || isMerges)
                reader.Skip();
        }
        return Create(endsWithByteLevel);
    }

    private TokenModel Create(bool endsWithByteLevel)
    {
        string type = _small.ContainsKey("type") ? Text("type") ?? "" : InferType();
        return type switch
        {
            "BPE" => CreateBpe(endsWithByteLevel),
            "Unigram" => CreateUnigram(),
            "WordPiece" => new WordPieceModel(ReadVocab(), Need("unk_token"), Need("continuing_subword_prefix"),
                Number("max_input_chars_per_word") ?? throw Missing("max_input_chars_per_word")),
            "WordLevel" => new WordLevelModel(ReadVocab(), Need("unk_token")),
            _ => throw new TokenizerException($"tokenizer.json: the model has the unknown type {type}."),
        };
    }

    // Old files do not say.
    private string InferType() => _vocab?.Kind == JsonTokenType.StartArray ? "Unigram"
        : _merges is not null ? "BPE"
        : _small.ContainsKey("max_input_chars_per_word") ? "WordPiece"
        : _small.ContainsKey("unk_token") ? "WordLevel"
        : throw Missing("vocab or merges");

    private BpeModel CreateBpe(bool endsWithByteLevel)
    {
        if (_vocab is null || _merges is null)
            throw Missing("vocab or merges");
        if (_small.TryGetValue("dropout", out JsonElement dropout) && dropout.ValueKind != JsonValueKind.Null)
        {
            // Dropout is for training; a server never drops merges.
            if (dropout.ValueKind != JsonValueKind.Number || dropout.GetDouble() is not (>= 0 and <= 1))
                throw new TokenizerException("tokenizer.json: dropout is not between 0 and 1.");
        }
        var options = new BpeOptions
        {
            UnknownToken = Text("unk_token"),
            ContinuingPrefix = Text("continuing_subword_prefix"),
            WordSuffix = Text("end_of_word_suffix"),
            FuseUnknown = Flag("fuse_unk"),
            ByteFallback = Flag("byte_fallback"),
            IgnoreMerges = Flag("ignore_merges"),
        };
        TokenTable tokens = ReadVocab();
        PairTable merges = ReadMerges(tokens, Encoding.UTF8.GetByteCount(options.ContinuingPrefix ?? ""));
        return new BpeModel(tokens, merges, options, endsWithByteLevel);
    }

    private UnigramModel CreateUnigram()
    {
        if (_vocab is not { } vocab || vocab.Kind != JsonTokenType.StartArray)
            throw Missing("vocab");
        var reader = new Utf8JsonReader(_file[vocab.Start..]);
        reader.Read();
        var tokens = new TokenTable(32 * 1024);
        var scores = new List<double>();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw BadVocab();
            tokens.Add(StringBytes(ref reader), scores.Count);
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number)
                throw BadVocab();
            scores.Add(reader.GetDouble());
            reader.Read();
            if (reader.TokenType != JsonTokenType.EndArray)
                throw BadVocab();
        }
        if (reader.TokenType != JsonTokenType.EndArray)
            throw BadVocab();
        tokens.Seal();
        return new UnigramModel(tokens, [.. scores], Number("unk_id"), Flag("byte_fallback"));
    }

    private TokenTable ReadVocab()
    {
        if (_vocab is not { } vocab)
            throw Missing("vocab");
        if (vocab.Kind != JsonTokenType.StartObject)
            throw BadVocab();
        var reader = new Utf8JsonReader(_file[vocab.Start..]);
        reader.Read();
        // About 20 bytes a token in real files.
        var tokens = new TokenTable(Math.Clamp(_file.Length / 40, 256, 300_000));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> text = StringBytes(ref reader);
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id < 0)
                throw BadVocab();
            tokens.Add(text, id);
        }
        tokens.Seal();
        return tokens;
    }

    private PairTable ReadMerges(TokenTable tokens, int prefixLength)
    {
        var reader = new Utf8JsonReader(_file[_merges!.Value..]);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new TokenizerException("tokenizer.json: merges is not a list.");
        var merges = new PairTable(Math.Max(tokens.Count, 1024));
        byte[] pair = new byte[1024];
        int rank = 0;
        JsonTokenType kind = JsonTokenType.None;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (kind != JsonTokenType.None && kind != reader.TokenType)
                throw new TokenizerException("tokenizer.json: merges are partly pairs and partly strings.");
            kind = reader.TokenType;
            int left = kind == JsonTokenType.StartArray ? ReadPair(ref reader, ref pair, out int length)
                : ReadLine(ref reader, ref pair, rank, out length);
            if (left >= 0)
                AddMerge(tokens, merges, pair.AsSpan(0, length), left, prefixLength, rank++);
        }
        return merges;
    }

    // Both readers leave the two parts side by side in the buffer and return the first one's length.
    private int ReadPair(ref Utf8JsonReader reader, ref byte[] pair, out int length)
    {
        reader.Read();
        int left = CopyPart(ref reader, ref pair, 0);
        reader.Read();
        length = CopyPart(ref reader, ref pair, left);
        reader.Read();
        if (reader.TokenType != JsonTokenType.EndArray)
            throw new TokenizerException("tokenizer.json: a merge is not a pair.");
        return left;
    }

    private int CopyPart(ref Utf8JsonReader reader, ref byte[] pair, int at)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw new TokenizerException("tokenizer.json: a merge is not a pair of strings.");
        ReadOnlySpan<byte> part = StringBytes(ref reader);
        if (at + part.Length > pair.Length)
            Array.Resize(ref pair, (at + part.Length) * 2);
        part.CopyTo(pair.AsSpan(at));
        return at + part.Length;
    }

    private int ReadLine(ref Utf8JsonReader reader, ref byte[] pair, int rank, out int length)
    {
        length = CopyPart(ref reader, ref pair, 0);
        Span<byte> line = pair.AsSpan(0, length);
        if (line.StartsWith("#version"u8))
            return -1;
        int space = line.IndexOf((byte)' ');
        if (space < 0 || line[(space + 1)..].Contains((byte)' '))
            {
                throw new TokenizerException(
                    $"tokenizer.json: merge {rank + 1} is not two parts with one space between them.");
            }
        line[(space + 1)..].CopyTo(line[space..]);
        length--;
        return space;
    }

    private static void AddMerge(TokenTable tokens, PairTable merges, ReadOnlySpan<byte> pair, int left,
        int prefixLength,
        int rank)
    {
        ReadOnlySpan<byte> right = pair[left..];
        int leftId = Find(tokens, pair[..left]);
        int rightId = Find(tokens, right);
        int merged;
        if (prefixLength == 0)
        {
            merged = Find(tokens, pair);
        }
        else
        {
            byte[] joined = [.. pair[..left], .. right[Math.Min(prefixLength, right.Length)..]];
            merged = Find(tokens, joined);
        }
        merges.Set(leftId, rightId, rank, merged);
    }

    private static int Find(TokenTable tokens, ReadOnlySpan<byte> text) => tokens.TryGet(text, out int id)
        ? id
        : throw new TokenizerException($"tokenizer.json: the merges need {Encoding.UTF8.GetString(text)}, "
            + "which is not in the vocabulary.");

    // An unescaped string lives in the file, an escaped one in the buffer until the next.
    private ReadOnlySpan<byte> StringBytes(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return reader.ValueSpan;
        if (reader.ValueSpan.Length > _unescaped.Length)
            _unescaped = new byte[reader.ValueSpan.Length * 2];
        return _unescaped.AsSpan(0, reader.CopyString(_unescaped));
    }

    private readonly string? Text(string name)
    {
        if (!_small.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : throw new TokenizerException($"tokenizer.json: {name} of the model is not a string.");
    }

    private readonly string Need(string name) => Text(name) ?? throw Missing(name);

    private readonly bool Flag(string name)
    {
        if (!_small.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return false;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw new TokenizerException($"tokenizer.json: {name} of the model is not true or false.");
    }

    private readonly int? Number(string name)
    {
        if (!_small.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0
            ? number
            : throw new TokenizerException($"tokenizer.json: {name} of the model is not a number from 0.");
    }

    private static TokenizerException Missing(string name) => new($"tokenizer.json: the model lacks {name}.");

    private static TokenizerException BadVocab() =>
        new("tokenizer.json: the vocabulary is not what its model needs: "
            + "tokens with whole ids from 0, or with scores.");
}
