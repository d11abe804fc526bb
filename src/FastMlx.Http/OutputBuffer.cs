using System.Buffers;
using System.Buffers.Text;

namespace FastMlx.Http;

/// <summary>A growing pooled buffer for heads and event frames. Whoever holds it gives it back with Dispose.</summary>
internal sealed class OutputBuffer(int initialBytes) : IDisposable
{
    private byte[] _bytes = [];

    public int Length { get; set; }

    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, Length);

    public Span<byte> Bytes => _bytes.AsSpan(0, Length);

    public int Capacity => _bytes.Length;

    /// <summary>Free space of at least <paramref name="size"/> bytes after what is written.</summary>
    public Memory<byte> Room(int size)
    {
        if (_bytes.Length - Length < size) Grow(size);
        return _bytes.AsMemory(Length);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length).Span);
        Length += bytes.Length;
    }

    public void Write(long number)
    {
        Utf8Formatter.TryFormat(number, Room(20).Span, out int written);
        Length += written;
    }

    /// <summary>Writes each character as one byte; the caller has checked that all are Latin-1.</summary>
    public void WriteLatin1(string text)
    {
        System.Text.Encoding.Latin1.GetBytes(text, Room(text.Length).Span);
        Length += text.Length;
    }

    public void Dispose()
    {
        Length = 0;
        if (_bytes.Length != 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    private void Grow(int size)
    {
        int wanted = Math.Max(Length + size, Math.Max(initialBytes, _bytes.Length * 2));
        byte[] larger = ArrayPool<byte>.Shared.Rent(wanted);
        _bytes.AsSpan(0, Length).CopyTo(larger);
        if (_bytes.Length != 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
