using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// SentencePiece's compiled character map: a double-array trie from byte strings to places in a list of replacements.
/// Clusters of up to five bytes are looked up whole, then characters one by one; of several prefixes in the map the
/// shortest decides, as in the reference.
/// </summary>
internal sealed class PrecompiledNormalizer : TextNormalizer
{
    private const int MaxCluster = 5;

    private readonly uint[] _units;
    private readonly byte[] _replacements;

    public PrecompiledNormalizer(byte[] map)
    {
        int size = map.Length >= 4 ? BinaryPrimitives.ReadInt32LittleEndian(map) : -1;
        if (size < 4 || size % 4 != 0 || size > map.Length - 4)
            throw new TokenizerException("tokenizer.json: precompiled_charsmap is damaged.");
        _units = new uint[size / 4];
        for (int i = 0; i < _units.Length; i++)
            _units[i] = BinaryPrimitives.ReadUInt32LittleEndian(map.AsSpan(4 + i * 4));
        _replacements = map[(4 + size)..];
    }

    public override bool TryNormalize(ReadOnlySpan<byte> input, ReadOnlySpan<byte> marks, ByteBuffer output,
        EncodeScratch scratch)
    {
        string text = Encoding.UTF8.GetString(input);
        ReadOnlySpan<char> rest = text;
        int position = 0;
        while (!rest.IsEmpty)
        {
            int chars = StringInfo.GetNextTextElementLength(rest);
            int bytes = Encoding.UTF8.GetByteCount(rest[..chars]);
            byte mark = !marks.IsEmpty && marks.Slice(position, bytes).Contains((byte)1) ? (byte)1 : (byte)0;
            AppendCluster(input.Slice(position, bytes), mark, output);
            position += bytes;
            rest = rest[chars..];
        }
        return true;
    }

    private void AppendCluster(ReadOnlySpan<byte> cluster, byte mark, ByteBuffer output)
    {
        if (cluster.Length <= MaxCluster && Find(cluster) is var whole && whole >= 0)
        {
            output.Append(Replacement(whole), mark);
            return;
        }
        int position = 0;
        while (position < cluster.Length)
        {
            ReadOnlySpan<byte> character = cluster.Slice(position, Utf8Text.LengthOf(cluster[position]));
            int found = Find(character);
            output.Append(found >= 0 ? Replacement(found) : character, mark);
            position += character.Length;
        }
    }

    private ReadOnlySpan<byte> Replacement(int start)
    {
        if (start >= _replacements.Length)
            return default;
        ReadOnlySpan<byte> rest = _replacements.AsSpan(start);
        int end = rest.IndexOf((byte)0);
        return end < 0 ? rest : rest[..end];
    }

    // A unit of the double array: label in the low byte, a bit for "a value follows", and the offset of its children.
    private int Find(ReadOnlySpan<byte> key)
    {
        uint node = Offset(_units[0]);
        foreach (byte b in key)
        {
            node ^= b;
            if (b == 0 || node >= _units.Length)
                return -1;
            uint unit = _units[node];
            if ((unit & 0x8000_00FF) != b)
                return -1;
            node ^= Offset(unit);
            if ((unit >> 8 & 1) != 0 && node < _units.Length)
                return (int)(_units[node] & 0x7FFF_FFFF);
        }
        return -1;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 0x200) >> 6);
}
