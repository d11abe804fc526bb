using System.Buffers;

namespace FastMlx.Hub;

/// <summary>
/// A range of a file on its way. Its task writes <see cref="Filled"/> and the buffer; the owner reads them once the
/// task has ended, and then returns the buffer.
/// </summary>
internal sealed class Piece(long begin, int length) : IDisposable
{
    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(length);

    public long Begin { get; } = begin;
    public int Length { get; } = length;
    public int Filled { get; set; }
    public Task Task { get; set; } = Task.CompletedTask;

    public Memory<byte> Free => _buffer.AsMemory(Filled, Length - Filled);
    public ReadOnlyMemory<byte> Content => _buffer.AsMemory(0, Filled);

    public void Dispose()
    {
        if (_buffer is { } buffer)
            ArrayPool<byte>.Shared.Return(buffer);
        _buffer = null;
    }
}
