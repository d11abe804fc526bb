using System.Numerics;
using System.Runtime.InteropServices;

namespace FastMlx.Engine.Disk;

/// <summary>CRC-32C (Castagnoli) of a block, started from its number so that blocks cannot change places.</summary>
internal static class BlockChecksum
{
    public const int BlockBytes = 256 * 1024;

    public static int BlockCount(long bytes) => (int)((bytes + BlockBytes - 1) / BlockBytes);

    public static uint Compute(ReadOnlySpan<byte> block, int number)
    {
        var crc = ~(uint)number;
        var words = MemoryMarshal.Cast<byte, ulong>(block);
        foreach (var word in words)
        {
            crc = BitOperations.Crc32C(crc, word);
        }

        foreach (var rest in block[(words.Length * sizeof(ulong))..])
        {
            crc = BitOperations.Crc32C(crc, rest);
        }

        return ~crc;
    }

    /// <summary>One checksum a block.</summary>
    public static uint[] ComputeAll(ReadOnlySpan<byte> payload)
    {
        var sums = new uint[BlockCount(payload.Length)];
        for (var i = 0; i < sums.Length; i++)
        {
            var start = i * BlockBytes;
            sums[i] = Compute(payload.Slice(start, Math.Min(BlockBytes, payload.Length - start)), i);
        }

        return sums;
    }

    public static bool Matches(ReadOnlySpan<byte> payload, ReadOnlySpan<uint> sums) =>
        sums.SequenceEqual(ComputeAll(payload));
}
