using System.Buffers.Binary;
using System.Numerics;

namespace FastMlx.Chat.Tokenization;

/// <summary>A quick hash of short byte strings. Not for keys that an attacker may choose in number.</summary>
internal static class ByteHash
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    public static uint Of(ReadOnlySpan<byte> text)
    {
        ulong hash = (ulong)text.Length * Multiplier;
        while (text.Length >= 8)
        {
            hash = Mix(hash ^ BinaryPrimitives.ReadUInt64LittleEndian(text));
            text = text[8..];
        }
        ulong tail = 0;
        if (text.Length >= 4)
        {
            tail = BinaryPrimitives.ReadUInt32LittleEndian(text)
                | (ulong)BinaryPrimitives.ReadUInt32LittleEndian(text[^4..]) << 32;
        }
        else if (text.Length > 0)
        {
            tail = text[0] | (ulong)text[text.Length / 2] << 8 | (ulong)text[^1] << 16;
        }
        return (uint)(Mix(hash ^ tail) >> 32);
    }

    public static ulong Mix(ulong value) => BitOperations.RotateLeft(value * Multiplier, 29) * 0xBF58476D1CE4E5B9;
}
