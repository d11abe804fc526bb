using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace FastMlx.Engine.Disk;

/// <summary>
/// The head of a chunk file: everything that names the chunk, and the checksums of what follows.
/// <code>
/// 0   8  magic "FMLXKV01"        8   4  head bytes, hash included     12  4  kind (0 rows, 1 whole, 2 tail)
/// 16  32 fingerprint of model    48  8  partition                     56  8  serial, orders chunks by age
/// 64  32 parent's key (0: none)  96  4  first token's position        100 4  tokens
/// 104 8  payload bytes           112 4  blocks                        116 4  bytes of the model's name
/// 120 .. tokens (4 each), checksums (4 each), model's name (UTF-8), then SHA-256 of all before it; then the payload
/// </code>
/// All numbers little-endian. The key is SHA-256 over fingerprint, partition, kind, parent, first and tokens, and is
/// the file's name, so that a renamed or swapped file is noticed.
/// </summary>
internal sealed class ChunkHeader
{
    public const int FixedBytes = 120;
    public const int KeyBytes = 32;
    public const int TokensMax = 16 << 20;
    public const int NameMax = 256;

    public required byte[] Fingerprint { get; init; }
    public required ulong Partition { get; init; }
    public required ChunkKind Kind { get; init; }
    public required byte[] ParentKey { get; init; }
    public required int First { get; init; }
    public required int[] Tokens { get; init; }
    public required long PayloadBytes { get; init; }
    public required uint[] Checksums { get; init; }
    public required string ModelName { get; init; }
    public long Serial { get; init; }

    public int Bytes =>
        FixedBytes + (4 * Tokens.Length) + (4 * BlockChecksum.BlockCount(PayloadBytes))
        + Encoding.UTF8.GetByteCount(ModelName) + KeyBytes;

    private static ReadOnlySpan<byte> Magic => "FMLXKV01"u8;

    public static byte[] Key(
        ReadOnlySpan<byte> fingerprint,
        ulong partition,
        ChunkKind kind,
        ReadOnlySpan<byte> parent,
        int first,
        ReadOnlySpan<int> tokens)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> numbers = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(numbers, partition);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[8..], (int)kind);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[12..], first);
        hash.AppendData(fingerprint);
        hash.AppendData(numbers);
        hash.AppendData(parent);
        hash.AppendData(MemoryMarshal.AsBytes(tokens));
        return hash.GetHashAndReset();
    }

    /// <summary>The same head with the checksums of its payload filled in.</summary>
    public ChunkHeader WithChecksums(ReadOnlySpan<byte> payload) => new()
    {
        Fingerprint = Fingerprint,
        Partition = Partition,
        Kind = Kind,
        ParentKey = ParentKey,
        First = First,
        Tokens = Tokens,
        PayloadBytes = PayloadBytes,
        Checksums = BlockChecksum.ComputeAll(payload),
        ModelName = ModelName,
        Serial = Serial,
    };

    public byte[] Key() => Key(Fingerprint, Partition, Kind, ParentKey, First, Tokens);

    public byte[] Write()
    {
        var name = Encoding.UTF8.GetBytes(ModelName);
        var bytes = new byte[Bytes];
        var span = bytes.AsSpan();
        Magic.CopyTo(span);
        BinaryPrimitives.WriteInt32LittleEndian(span[8..], bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(span[12..], (int)Kind);
        Fingerprint.CopyTo(span[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(span[48..], Partition);
        BinaryPrimitives.WriteInt64LittleEndian(span[56..], Serial);
        ParentKey.CopyTo(span[64..]);
        BinaryPrimitives.WriteInt32LittleEndian(span[96..], First);
        BinaryPrimitives.WriteInt32LittleEndian(span[100..], Tokens.Length);
        BinaryPrimitives.WriteInt64LittleEndian(span[104..], PayloadBytes);
        BinaryPrimitives.WriteInt32LittleEndian(span[112..], Checksums.Length);
        BinaryPrimitives.WriteInt32LittleEndian(span[116..], name.Length);
        var rest = span[FixedBytes..];
        MemoryMarshal.AsBytes(Tokens.AsSpan()).CopyTo(rest);
        rest = rest[(4 * Tokens.Length)..];
        MemoryMarshal.AsBytes(Checksums.AsSpan()).CopyTo(rest);
        rest = rest[(4 * Checksums.Length)..];
        name.CopyTo(rest);
        SHA256.HashData(span[..^KeyBytes], span[^KeyBytes..]);
        return bytes;
    }

    /// <summary>The head's length, from its first bytes; -1 where they are none of ours or cannot be true.</summary>
    public static int Length(ReadOnlySpan<byte> head, long fileBytes)
    {
        if (head.Length < FixedBytes || !head.StartsWith(Magic))
        {
            return -1;
        }

        var bytes = BinaryPrimitives.ReadInt32LittleEndian(head[8..]);
        var tokens = BinaryPrimitives.ReadInt32LittleEndian(head[100..]);
        var payload = BinaryPrimitives.ReadInt64LittleEndian(head[104..]);
        var blocks = BinaryPrimitives.ReadInt32LittleEndian(head[112..]);
        var name = BinaryPrimitives.ReadInt32LittleEndian(head[116..]);
        var isSane = tokens is > 0 and <= TokensMax && name is >= 0 and <= NameMax
            && payload is > 0 and <= int.MaxValue && blocks == BlockChecksum.BlockCount(payload)
            && bytes == FixedBytes + (4L * tokens) + (4L * blocks) + name + KeyBytes
            && fileBytes == bytes + payload;
        return isSane ? bytes : -1;
    }

    /// <summary>
    /// Reads a whole head whose <see cref="Length"/> was sane; null where its hash or a field is wrong.
    /// </summary>
    public static ChunkHeader? Read(ReadOnlySpan<byte> head)
    {
        Span<byte> hash = stackalloc byte[KeyBytes];
        SHA256.HashData(head[..^KeyBytes], hash);
        var kind = BinaryPrimitives.ReadInt32LittleEndian(head[12..]);
        var first = BinaryPrimitives.ReadInt32LittleEndian(head[96..]);
        if (!hash.SequenceEqual(head[^KeyBytes..]) || kind is < 0 or > 2 || first < 0)
        {
            return null;
        }

        var tokens = BinaryPrimitives.ReadInt32LittleEndian(head[100..]);
        var blocks = BinaryPrimitives.ReadInt32LittleEndian(head[112..]);
        var rest = head[FixedBytes..];
        return new ChunkHeader
        {
            Fingerprint = head.Slice(16, KeyBytes).ToArray(),
            Partition = BinaryPrimitives.ReadUInt64LittleEndian(head[48..]),
            Kind = (ChunkKind)kind,
            Serial = BinaryPrimitives.ReadInt64LittleEndian(head[56..]),
            ParentKey = head.Slice(64, KeyBytes).ToArray(),
            First = first,
            PayloadBytes = BinaryPrimitives.ReadInt64LittleEndian(head[104..]),
            Tokens = MemoryMarshal.Cast<byte, int>(rest[..(4 * tokens)]).ToArray(),
            Checksums = MemoryMarshal.Cast<byte, uint>(rest.Slice(4 * tokens, 4 * blocks)).ToArray(),
            ModelName = Encoding.UTF8.GetString(rest[(4 * (tokens + blocks))..^KeyBytes]),
        };
    }
}
