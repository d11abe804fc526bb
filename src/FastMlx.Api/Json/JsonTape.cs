using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace FastMlx.Api;

/// <summary>
/// A checked body as a flat list of its JSON tokens, made in one pass of Utf8JsonReader, so that fields can be read in
/// any order and values can be had as the client wrote them. One owner; values die with it. Invalid UTF-8 is refused;
/// a lone surrogate escape becomes \ufffd (same length, in a pooled copy), so no string of a tape can fail to decode.
/// </summary>
internal sealed class JsonTape : IDisposable
{
    // Start..Start+Length is the raw text, quotes and brackets included; End is the index behind the value's subtree.
    internal struct Node
    {
        public int Start;
        public int Length;
        public int End;
        public JsonTokenType Kind;
        public bool IsEscaped;
    }

    private const int ChunkBits = 12;
    private const int ChunkMask = (1 << ChunkBits) - 1;

    private readonly byte[]? _patched;
    private readonly ReadOnlyMemory<byte> _json;

    // Chunks instead of one array that grows: a body of small tokens must not cost many times its size.
    private readonly List<Node[]> _chunks = [];
    private int _count;

    private JsonTape(ReadOnlyMemory<byte> json, byte[]? patched)
    {
        _json = json;
        _patched = patched;
    }

    public JsonValue Root => new(this, 0);

    internal ReadOnlySpan<byte> Json => _json.Span;

    internal ref Node this[int index] => ref _chunks[index >> ChunkBits][index & ChunkMask];

    /// <summary>Null and a reason where the body is not JSON or is past a limit.</summary>
    public static JsonTape? Read(ReadOnlyMemory<byte> body, ReaderLimits limits, out string? problem)
    {
        if (body.Span.StartsWith(Encoding.UTF8.Preamble))
            body = body[Encoding.UTF8.Preamble.Length..];
        if (!Utf8.IsValid(body.Span))
        {
            problem = "The request body is not valid JSON: it is not UTF-8";
            return null;
        }
        byte[]? patched = LoneSurrogates.Replace(body.Span);
        var tape = new JsonTape(patched is null ? body : patched.AsMemory(0, body.Length), patched);
        try
        {
            problem = tape.Fill(limits);
        }
        catch (JsonException e)
        {
            problem = "The request body is not valid JSON: " + Detail(e);
        }
        if (problem is null)
            return tape;
        tape.Dispose();
        return null;
    }

    /// <summary>The value of an object's last member of that name, or 0. Bodies may have 100,000 members.</summary>
    public int Find(int owner, ReadOnlySpan<byte> name)
    {
        ReadOnlySpan<byte> json = Json;
        int found = 0;
        int end = this[owner].End;
        for (int at = owner + 1; at < end; at = this[at + 1].End)
        {
            ref Node node = ref this[at];
            bool isIt = node.IsEscaped
                ? new JsonValue(this, at).TextEquals(name)
                : node.Length == name.Length + 2 && json.Slice(node.Start + 1, name.Length).SequenceEqual(name);
            found = isIt ? at + 1 : found;
        }
        return found;
    }

    public void Dispose()
    {
        foreach (Node[] chunk in _chunks)
            ArrayPool<Node>.Shared.Return(chunk);
        _chunks.Clear();
        if (_patched is not null)
            ArrayPool<byte>.Shared.Return(_patched);
    }

    private static string Detail(JsonException e)
    {
        int cut = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        string what = cut < 0 ? e.Message : e.Message[..cut];
        return $"{what} (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})";
    }

    private string? Fill(ReaderLimits limits)
    {
        var reader = new Utf8JsonReader(_json.Span, new JsonReaderOptions { MaxDepth = limits.JsonDepth });
        var open = new int[limits.JsonDepth + 1];
        int depth = 0;
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.EndObject or JsonTokenType.EndArray)
            {
                ref Node opened = ref this[open[--depth]];
                opened.Length = (int)reader.BytesConsumed - opened.Start;
                opened.End = _count;
                continue;
            }
            if (_count == limits.JsonTokens)
                return $"The request body holds more than {limits.JsonTokens} JSON values";
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                open[depth++] = _count;
            Add(ref reader);
        }
        return null;
    }

    private void Add(ref Utf8JsonReader reader)
    {
        if (_count >> ChunkBits == _chunks.Count)
            _chunks.Add(ArrayPool<Node>.Shared.Rent(1 << ChunkBits));
        bool isText = reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName;
        this[_count] = new Node
        {
            Start = (int)reader.TokenStartIndex,
            Length = isText ? reader.ValueSpan.Length + 2 : reader.ValueSpan.Length,
            End = _count + 1,
            Kind = reader.TokenType,
            IsEscaped = isText && reader.ValueIsEscaped,
        };
        _count++;
    }
}
