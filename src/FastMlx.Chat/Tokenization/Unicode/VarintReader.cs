namespace FastMlx.Chat.Tokenization;

/// <summary>Reads LEB128 numbers.</summary>
internal ref struct VarintReader(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _position;

    public int Next()
    {
        int value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = _data[_position++];
            value |= (b & 0x7F) << shift;
            if (b < 0x80)
                return value;
        }
    }

    public ReadOnlySpan<byte> Bytes(int count)
    {
        _position += count;
        return _data.Slice(_position - count, count);
    }
}
