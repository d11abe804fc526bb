using System.Text;
using CsCheck;
using FastMlx.Http;
using Xunit;

namespace FastMlx.Tests.Http;

public sealed class ParserPropertyTests
{
    private const long Samples = 3000;

    private static readonly Gen<string> Token = Gen.String[Gen.Char["abcXYZ019!#$%&'*+-.^_`|~"], 1, 12];
    private static readonly Gen<string> Value = Gen.String[Gen.Char["abc XYZ\t019(),/:;<=>?@[]{}\"\\"], 0, 30];
    private static readonly Gen<string> Path = Gen.String[Gen.Char["abc/-._~!$&'()*+,;=:@019"], 0, 40];

    private static readonly string[] Pieces =
    [
        "GET ", "POST ", "/", " HTTP/1.1\r\n", " HTTP/1.0\r\n", "Host: h\r\n", "\r\n", "\r", "\n", " ", ":",
        "Content-Length: 5\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "hello", "0\r\n\r\n",
        "5\r\nhello\r\n", "5;a=b\r\nhello\r\n", "X: \"\r\n", "%41", "%zz", "Expect: 100-continue\r\n", "http://h/",
        "Connection: close\r\n", "\t", "\0", "\u00FF", "ffffffffffffffff\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
    ];

    /// <summary>Any piece of text that could stand in a request, so that wrong requests are nearly right.</summary>
    private static readonly Gen<string> Piece =
        Gen.OneOf(Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]), Token, Value);

    private static readonly Gen<byte[]> Nearly = Piece.List[1, 12].Select(pieces => Latin1(string.Concat(pieces)));

    private static readonly Gen<byte[]> Valid =
        Gen.Select(Path, Gen.Select(Token, Value).List[0, 8], Gen.Byte.Array[0, 50]).Select((path, fields, body) =>
        {
            var text = new StringBuilder($"POST /{path}?{path} HTTP/1.1\r\nHost: h\r\n");
            text.Append($"Content-Length: {body.Length}\r\n");
            foreach ((string name, string value) in fields) text.Append($"X-{name}: {value}\r\n");
            return (byte[])[.. Latin1(text + "\r\n"), .. body];
        });

    [Fact]
    public void Parser_SaysTheSameForAnyCut() => Gen.Select(Gen.OneOf(Nearly, Valid), Gen.Int[0, 1000].Array[0, 6])
        .Sample((input, places) =>
        {
            int[] cuts = [.. places.Select(place => place % (input.Length + 1)).Order()];
            string whole = ParserDriver.Run(input);
            Assert.Equal(whole, ParserDriver.Run(input, cuts));
            Assert.Equal(whole, ParserDriver.RunBytes(input));
        }, iter: Samples);

    [Fact]
    public void Parser_AcceptsWhatTheGrammarAllows() => Valid.Sample(input =>
        Assert.StartsWith("POST /", ParserDriver.Run(input), StringComparison.Ordinal), iter: Samples);

    /// <summary>Each proper prefix of a valid head says "need more" and consumes nothing from the pipe.</summary>
    [Fact]
    public void Parser_WantsMoreOfEachProperPrefix() => Valid.Sample(input =>
    {
        int end = input.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        var grown = new HeadParser(new HttpLimits());
        for (int length = 0; length < end; length++)
        {
            var prefix = new System.Buffers.ReadOnlySequence<byte>(input, 0, length);
            var fresh = new HeadParser(new HttpLimits());
            Assert.Equal(ParseStatus.NeedMore, fresh.Parse(prefix, out SequencePosition consumed));
            Assert.Equal(prefix.Start, consumed);
            Assert.Equal(ParseStatus.NeedMore, grown.Parse(prefix, out consumed));
            Assert.Equal(prefix.Start, consumed);
        }
        var all = new System.Buffers.ReadOnlySequence<byte>(input);
        Assert.Equal(ParseStatus.Done, grown.Parse(all, out SequencePosition whole));
        Assert.Equal(end, all.Slice(0, whole).Length);
        Assert.Equal(input.AsSpan(0, end), grown.Head.Bytes);
    }, iter: 200);

    [Fact]
    public void Parser_GivesEachFieldBack() => Gen.Select(Token, Value).List[1, 20].Sample(fields =>
    {
        var parser = new HeadParser(new HttpLimits());
        string text = string.Concat(fields.Select(field => $"{field.Item1}: {field.Item2}\r\n"));
        Assert.Equal(ParseStatus.Done, parser.Feed(Latin1($"GET / HTTP/1.1\r\n{text}\r\n"), out _));
        Assert.Equal(fields.Count, parser.Head.FieldCount);
        for (int i = 0; i < fields.Count; i++)
        {
            HeaderField field = parser.Head.Fields[i];
            Assert.Equal(fields[i].Item1, Encoding.Latin1.GetString(parser.Head.Name(field)));
            Assert.Equal(fields[i].Item2.Trim(' ', '\t'), Encoding.Latin1.GetString(parser.Head.Value(field)));
        }
    }, iter: Samples);

    [Fact]
    public void Decoder_GivesAnyBodyBack() => Gen.Select(Gen.Byte.Array[1, 300].List[0, 8], Gen.Int[1, 40], Gen.Bool)
        .Sample((chunks, piece, extended) =>
        {
            var wire = new List<byte>();
            foreach (byte[] chunk in chunks)
            {
                wire.AddRange(Latin1($"{chunk.Length:x}{(extended ? ";a=\"b;\\\"c\";d" : "")}\r\n"));
                wire.AddRange(chunk);
                wire.AddRange("\r\n"u8);
            }
            wire.AddRange(Latin1(extended ? "0\r\nX-A: b\r\n\r\n" : "0\r\n\r\n"));
            Assert.Equal(chunks.SelectMany(chunk => chunk), Decode([.. wire], piece));
        }, iter: Samples);

    private static List<byte> Decode(byte[] wire, int piece)
    {
        var decoder = new ChunkDecoder(new HttpLimits());
        decoder.Reset();
        var body = new List<byte>();
        ParseStatus status = ParseStatus.NeedMore;
        for (int at = 0; at < wire.Length;)
        {
            Assert.Equal(ParseStatus.NeedMore, status);
            int length = Math.Min(piece, wire.Length - at);
            status = decoder.Read(wire.AsSpan(at, length), out int used, out ReadOnlySpan<byte> data);
            body.AddRange(data);
            at += used;
        }
        Assert.Equal(ParseStatus.Done, status);
        return body;
    }

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);
}
