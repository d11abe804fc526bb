using System.Text;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>Writes a SentencePiece model (a protocol buffer) of tokens whose scores fall with their ids.</summary>
internal static class SentencePieceFile
{
    private const int Normal = 1;
    private const int Unknown = 2;
    private const int Control = 3;
    private const int Byte = 6;

    public static byte[] Of(IReadOnlyList<string> tokens)
    {
        var file = new MemoryStream();
        for (int id = 0; id < tokens.Count; id++)
            Field(file, 1, Piece(tokens[id], -id));
        var trainer = new MemoryStream();
        Varint(trainer, 3, 2);
        Varint(trainer, 35, 1);
        Field(file, 2, trainer.ToArray());
        var normalizer = new MemoryStream();
        Field(normalizer, 1, "identity"u8.ToArray());
        Varint(normalizer, 3, 1);
        Varint(normalizer, 4, 0);
        Varint(normalizer, 5, 1);
        Field(file, 3, normalizer.ToArray());
        return file.ToArray();
    }

    private static byte[] Piece(string text, float score)
    {
        int type = text == "<unk>" ? Unknown : text is "<s>" or "</s>" ? Control
            : text.StartsWith("<0x", StringComparison.Ordinal) && text.Length == 6 ? Byte : Normal;
        var piece = new MemoryStream();
        Field(piece, 1, Encoding.UTF8.GetBytes(text));
        piece.WriteByte(2 << 3 | 5);
        piece.Write(BitConverter.GetBytes(score));
        Varint(piece, 3, type);
        return piece.ToArray();
    }

    private static void Field(MemoryStream output, int number, byte[] content)
    {
        Number(output, number << 3 | 2);
        Number(output, content.Length);
        output.Write(content);
    }

    private static void Varint(MemoryStream output, int number, int value)
    {
        Number(output, number << 3);
        Number(output, value);
    }

    private static void Number(MemoryStream output, int value)
    {
        for (uint v = (uint)value; ; v >>= 7)
        {
            if (v < 0x80)
            {
                output.WriteByte((byte)v);
                return;
            }
            output.WriteByte((byte)(v & 0x7F | 0x80));
        }
    }
}
