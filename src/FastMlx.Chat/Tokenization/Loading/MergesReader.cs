using System.Text;
using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Reads the merges: all "a b" or all ["a", "b"]. The parts never become strings; they lie side by side in a buffer.
/// </summary>
internal ref struct MergesReader
{
    private readonly TokenTable _tokens;
    private readonly PairTable _merges;
    private readonly int _prefixLength;
    private readonly JsonText _text = new();
    private byte[] _pair = new byte[1024];
    private int _leftLength;
    private int _length;

    // Neighbouring merges often make the same token.
    private byte[] _lastMerged = [];
    private int _lastLength = -1;
    private int _lastMergedId;

    private MergesReader(TokenTable tokens, PairTable merges, int prefixLength)
    {
        _tokens = tokens;
        _merges = merges;
        _prefixLength = prefixLength;
    }

    /// <summary>The reader is on the list's first token and is moved to its last.</summary>
    public static PairTable Read(ref Utf8JsonReader reader, ModelDraft draft, int bytesLeft)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new TokenizerException("tokenizer.json: merges is not a list.");
        // A merge takes at least about 20 bytes.
        var merges = new PairTable(Math.Clamp(bytesLeft / 20, 16, 600_000));
        int prefixLength = Encoding.UTF8.GetByteCount(draft.Text("continuing_subword_prefix") ?? "");
        new MergesReader(draft.Tokens!, merges, prefixLength).ReadAll(ref reader);
        return merges;
    }

    private void ReadAll(ref Utf8JsonReader reader)
    {
        int rank = 0;
        JsonTokenType kind = JsonTokenType.None;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (kind != JsonTokenType.None && kind != reader.TokenType)
                throw new TokenizerException("tokenizer.json: merges are partly pairs and partly strings.");
            kind = reader.TokenType;
            bool isMerge = kind == JsonTokenType.StartArray ? ReadPair(ref reader) : ReadLine(ref reader, rank);
            if (isMerge)
                Add(rank++);
        }
    }

    private bool ReadPair(ref Utf8JsonReader reader)
    {
        reader.Read();
        _leftLength = CopyPart(ref reader, 0);
        reader.Read();
        _length = CopyPart(ref reader, _leftLength);
        reader.Read();
        return reader.TokenType == JsonTokenType.EndArray
            ? true
            : throw new TokenizerException("tokenizer.json: a merge is not a pair.");
    }

    // False: a line that is no merge.
    private bool ReadLine(ref Utf8JsonReader reader, int rank)
    {
        _length = CopyPart(ref reader, 0);
        Span<byte> line = _pair.AsSpan(0, _length);
        if (line.StartsWith("#version"u8))
            return false;
        int space = line.IndexOf((byte)' ');
        if (space < 0 || line[(space + 1)..].Contains((byte)' '))
        {
            throw new TokenizerException(
                $"tokenizer.json: merge {rank + 1} is not two parts with one space between them.");
        }
        line[(space + 1)..].CopyTo(line[space..]);
        _leftLength = space;
        _length--;
        return true;
    }

    private int CopyPart(ref Utf8JsonReader reader, int at)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw new TokenizerException("tokenizer.json: a merge is not made of strings.");
        ReadOnlySpan<byte> part = _text.Of(ref reader);
        if (at + part.Length > _pair.Length)
            Array.Resize(ref _pair, (at + part.Length) * 2);
        part.CopyTo(_pair.AsSpan(at));
        return at + part.Length;
    }

    private void Add(int rank)
    {
        ReadOnlySpan<byte> pair = _pair.AsSpan(0, _length);
        int left = Find(pair[.._leftLength]);
        int right = Find(pair[_leftLength..]);
        int merged;
        if (_prefixLength == 0)
        {
            merged = FindMerged(pair);
        }
        else
        {
            int skip = Math.Min(_prefixLength, _length - _leftLength);
            byte[] joined = [.. pair[.._leftLength], .. pair[(_leftLength + skip)..]];
            merged = Find(joined);
        }
        _merges.Set(left, right, rank, merged);
    }

    private int FindMerged(ReadOnlySpan<byte> pair)
    {
        if (_lastLength != pair.Length || !pair.SequenceEqual(_lastMerged.AsSpan(0, _lastLength)))
        {
            _lastMergedId = Find(pair);
            if (_lastMerged.Length < pair.Length)
                _lastMerged = new byte[pair.Length * 2];
            pair.CopyTo(_lastMerged);
            _lastLength = pair.Length;
        }
        return _lastMergedId;
    }

    private readonly int Find(ReadOnlySpan<byte> text) => _tokens.TryGet(text, out int id)
        ? id
        : throw new TokenizerException($"tokenizer.json: the merges need {Encoding.UTF8.GetString(text)}, "
            + "which is not in the vocabulary.");
}
