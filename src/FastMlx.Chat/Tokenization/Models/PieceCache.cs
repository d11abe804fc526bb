using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Ids of pieces that were encoded before. Owned by one <see cref="EncodeScratch"/>, so it needs no lock. A new
/// piece replaces what was in its place: memory is bounded.
/// </summary>
internal sealed class PieceCache
{
    private const int ShortSlots = 1 << 15;
    private const int ShortLength = 16;
    private const int ShortIds = 3;
    private const int LongSlots = 1 << 13;
    private const int LongLength = 128;

    private readonly ShortEntry[] _short = new ShortEntry[ShortSlots];
    private readonly LongEntry?[] _long = new LongEntry?[LongSlots];

    /// <summary>Appends the piece's ids to <paramref name="output"/> if they are known.</summary>
    public bool TryAppend(ReadOnlySpan<byte> piece, IntBuffer output)
    {
        if (piece.Length > ShortLength)
            return TryAppendLong(piece, output);
        (ulong k0, ulong k1) = Key(piece);
        ref ShortEntry entry = ref _short[Slot(k0, k1, piece.Length)];
        if (entry.K0 != k0 || entry.K1 != k1 || entry.Length != piece.Length)
            return TryAppendLong(piece, output);
        if (entry.Count == 1)
            output.Add(entry.Id0);
        else
            output.Add(MemoryMarshal.CreateReadOnlySpan(ref entry.Id0, entry.Count));
        return true;
    }

    public void Set(ReadOnlySpan<byte> piece, ReadOnlySpan<int> ids)
    {
        if (piece.Length > LongLength)
            return;
        if (piece.Length > ShortLength || ids.Length > ShortIds || ids.IsEmpty)
        {
            SetLong(piece, ids);
            return;
        }
        (ulong k0, ulong k1) = Key(piece);
        ref ShortEntry entry = ref _short[Slot(k0, k1, piece.Length)];
        entry.K0 = k0;
        entry.K1 = k1;
        entry.Length = (short)piece.Length;
        entry.Count = (short)ids.Length;
        ids.CopyTo(MemoryMarshal.CreateSpan(ref entry.Id0, ShortIds));
    }

    private static int Slot(ulong k0, ulong k1, int length) =>
        (int)(ByteHash.Mix(k0 ^ (k1 + (uint)length) * 0xD6E8FEB86659FD93) >> 20) & ShortSlots - 1;

    // With the length, the first and last eight (four, three) bytes determine a piece of up to 16 bytes.
    private static (ulong First, ulong Last) Key(ReadOnlySpan<byte> piece)
    {
        if (piece.Length >= 8)
        {
            return (BinaryPrimitives.ReadUInt64LittleEndian(piece),
                BinaryPrimitives.ReadUInt64LittleEndian(piece[^8..]));
        }
        if (piece.Length >= 4)
        {
            return (BinaryPrimitives.ReadUInt32LittleEndian(piece),
                BinaryPrimitives.ReadUInt32LittleEndian(piece[^4..]));
        }
        return piece.Length switch
        {
            0 => (0, 0),
            1 => (piece[0], 0),
            2 => (piece[0] | (ulong)piece[1] << 8, 0),
            _ => (piece[0] | (ulong)piece[1] << 8 | (ulong)piece[2] << 16, 0),
        };
    }

    private bool TryAppendLong(ReadOnlySpan<byte> piece, IntBuffer output)
    {
        if (piece.Length > LongLength)
            return false;
        uint slot = ByteHash.Of(piece) & LongSlots - 1;
        LongEntry? entry = _long[slot];
        if (entry is null || !piece.SequenceEqual(entry.Piece))
            entry = _long[slot ^ 1];
        if (entry is null || !piece.SequenceEqual(entry.Piece))
            return false;
        output.Add(entry.Ids);
        return true;
    }

    // A long piece has two places; the newer of a full pair goes.
    private void SetLong(ReadOnlySpan<byte> piece, ReadOnlySpan<int> ids)
    {
        uint slot = ByteHash.Of(piece) & LongSlots - 1;
        if (_long[slot] is not null)
            slot ^= 1;
        _long[slot] = new LongEntry(piece.ToArray(), ids.ToArray());
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ShortEntry
    {
        public ulong K0;
        public ulong K1;
        public int Id0;
        public int Id1;
        public int Id2;
        public short Length;
        public short Count;
    }

    private sealed record LongEntry(byte[] Piece, int[] Ids);
}
