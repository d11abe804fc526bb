using System.Buffers.Binary;
using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// The fields of a SentencePiece model file (a protocol buffer) that its BPE needs. Everything else is passed over.
/// </summary>
internal sealed class SentencePieceProto
{
    public const int Bpe = 2;

    private const int Unknown = 2;
    private const int Control = 3;

    private readonly List<(string Text, float Score, int Type)> _pieces = [];

    private SentencePieceProto()
    {
    }

    public IReadOnlyList<(string Text, float Score, int Type)> Pieces => _pieces;

    /// <summary>1 unigram, 2 BPE, 3 words, 4 characters.</summary>
    public int ModelType { get; private set; } = 1;

    public bool ByteFallback { get; private set; }

    public bool AddDummyPrefix { get; private set; } = true;

    public bool HasCharacterMap { get; private set; }

    public bool RemoveExtraSpaces { get; private set; } = true;

    public IEnumerable<(string Token, int Id)> ControlTokens => _pieces
        .Select((piece, id) => (piece.Text, Id: id, piece.Type))
        .Where(p => p.Type is Unknown or Control).Select(p => (p.Text, p.Id));

    public string? UnknownToken => _pieces.FirstOrDefault(piece => piece.Type == Unknown).Text;

    public static SentencePieceProto Read(ReadOnlySpan<byte> file)
    {
        var proto = new SentencePieceProto();
        while (!file.IsEmpty)
        {
            (int number, long _, ReadOnlySpan<byte> content) = Field(ref file);
            switch (number)
            {
                case 1: proto.AddPiece(content); break;
                case 2: proto.ReadTrainer(content); break;
                case 3: proto.ReadNormalizer(content); break;
            }
        }
        return proto;
    }

    private void AddPiece(ReadOnlySpan<byte> message)
    {
        (string text, float score, int type) = ("", 0, 1);
        while (!message.IsEmpty)
        {
            (int number, long value, ReadOnlySpan<byte> content) = Field(ref message);
            switch (number)
            {
                case 1: text = Encoding.UTF8.GetString(content); break;
                case 2: score = BitConverter.Int32BitsToSingle((int)value); break;
                case 3: type = (int)value; break;
            }
        }
        _pieces.Add((text, score, type));
    }

    private void ReadTrainer(ReadOnlySpan<byte> message)
    {
        while (!message.IsEmpty)
        {
            (int number, long value, _) = Field(ref message);
            if (number == 3)
                ModelType = (int)value;
            else if (number == 35)
                ByteFallback = value != 0;
        }
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        while (!message.IsEmpty)
        {
            (int number, long value, ReadOnlySpan<byte> content) = Field(ref message);
            if (number == 2)
                HasCharacterMap = !content.IsEmpty;
            else if (number == 3)
                AddDummyPrefix = value != 0;
            else if (number == 4)
                RemoveExtraSpaces = value != 0;
        }
    }

    private static FieldValue Field(ref ReadOnlySpan<byte> rest)
    {
        long key = Number(ref rest);
        int number = (int)(key >> 3);
        switch (key & 7)
        {
            case 0:
                return new FieldValue(number, Number(ref rest), default);
            case 1:
                return new FieldValue(number, BinaryPrimitives.ReadInt64LittleEndian(Take(ref rest, 8)), default);
            case 2:
                long length = Number(ref rest);
                return new FieldValue(number, 0, Take(ref rest, length));
            case 5:
                return new FieldValue(number, BinaryPrimitives.ReadInt32LittleEndian(Take(ref rest, 4)), default);
            default:
                throw Damaged();
        }
    }

    private static ReadOnlySpan<byte> Take(ref ReadOnlySpan<byte> rest, long count)
    {
        if (count < 0 || count > rest.Length)
            throw Damaged();
        ReadOnlySpan<byte> taken = rest[..(int)count];
        rest = rest[(int)count..];
        return taken;
    }

    private static long Number(ref ReadOnlySpan<byte> rest)
    {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte b = Take(ref rest, 1)[0];
            value |= (long)(b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
        throw Damaged();
    }

    private static TokenizerException Damaged() => new("tokenizer.model is damaged.");

    private readonly ref struct FieldValue(int number, long value, ReadOnlySpan<byte> content)
    {
        private readonly ReadOnlySpan<byte> _content = content;

        public void Deconstruct(out int field, out long scalar, out ReadOnlySpan<byte> bytes)
        {
            field = number;
            scalar = value;
            bytes = _content;
        }
    }
}
