using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// A growing array of bytes that is cleared and reused. Beside each byte it can carry a mark: 1 where the byte comes
/// from a span of user data. Marks are kept only while <see cref="HasMarks"/> is set.
/// </summary>
internal sealed class ByteBuffer
{
    private byte[] _bytes = new byte[256];
    private byte[] _marks = [];

    public int Length { get; private set; }

    public bool HasMarks { get; private set; }

    public byte[] Array => _bytes;

    public ReadOnlySpan<byte> Span => _bytes.AsSpan(0, Length);

    public ReadOnlySpan<byte> Marks => HasMarks ? _marks.AsSpan(0, Length) : default;

    public void Clear(bool withMarks = false)
    {
        Length = 0;
        HasMarks = withMarks;
        if (withMarks && _marks.Length < _bytes.Length)
            _marks = new byte[_bytes.Length];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(byte value)
    {
        if (Length == _bytes.Length)
            Grow(1);
        _bytes[Length++] = value;
    }

    public void Append(ReadOnlySpan<byte> text)
    {
        if (text.Length > _bytes.Length - Length)
            Grow(text.Length);
        text.CopyTo(_bytes.AsSpan(Length));
        Length += text.Length;
    }

    /// <summary>Appends <paramref name="text"/> with one mark for all of it.</summary>
    public void Append(ReadOnlySpan<byte> text, byte mark)
    {
        Append(text);
        if (HasMarks)
            _marks.AsSpan(Length - text.Length, text.Length).Fill(mark);
    }

    /// <summary>Appends text with its own marks; none means unmarked.</summary>
    public void Append(ReadOnlySpan<byte> text, ReadOnlySpan<byte> marks)
    {
        Append(text);
        if (!HasMarks)
            return;
        Span<byte> target = _marks.AsSpan(Length - text.Length, text.Length);
        if (marks.IsEmpty)
            target.Clear();
        else
            marks.CopyTo(target);
    }

    public void AppendRune(int codePoint, byte mark = 0)
    {
        if (_bytes.Length - Length < 4)
            Grow(4);
        int length = Utf8Text.Encode(codePoint, _bytes.AsSpan(Length));
        if (HasMarks)
            _marks.AsSpan(Length, length).Fill(mark);
        Length += length;
    }

    /// <summary>Room for <paramref name="count"/> bytes at the end, to be followed by <see cref="Advance"/>.</summary>
    public Span<byte> Reserve(int count)
    {
        if (count > _bytes.Length - Length)
            Grow(count);
        return _bytes.AsSpan(Length);
    }

    public void Advance(int count) => Length += count;

    public Span<byte> MarksToWrite(int start, int length) => _marks.AsSpan(start, length);

    public void Truncate(int length) => Length = length;

    /// <summary>Drops the first <paramref name="count"/> bytes (no marks).</summary>
    public void RemoveFront(int count)
    {
        _bytes.AsSpan(count, Length - count).CopyTo(_bytes);
        Length -= count;
    }

    private void Grow(int more)
    {
        int size = (int)Math.Min(Math.Max((long)Length + more, _bytes.Length * 2L), System.Array.MaxLength);
        System.Array.Resize(ref _bytes, size);
        if (HasMarks)
            System.Array.Resize(ref _marks, size);
    }
}
