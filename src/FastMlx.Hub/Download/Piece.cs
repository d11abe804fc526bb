using System.Buffers;

namespace FastMlx.Hub;

/// <summary>
/// A range of a file on its way. Its task fills the buffer from the front; the owner takes what arrived, also while the
/// task goes on, and returns the buffer once the task has ended.
/// </summary>
internal sealed class Piece(long begin, int length) : IDisposable
{
    private readonly Lock _lock = new();
    private byte[]? _buffer = ArrayPool<byte>.Shared.Rent(length);
    private TaskCompletionSource _arrival = New();

    // Invariant: Taken <= _filled <= Length; [0, Taken) is on the disk, [Taken, _filled) is not yet.
    private int _filled;

    public long Begin { get; } = begin;
    public int Length { get; } = length;
    public int Taken { get; private set; }
    public Task Task { get; set; } = Task.CompletedTask;

    public int Filled
    {
        get
        {
            lock (_lock)
                return _filled;
        }
    }

    /// <summary>Where the task puts what comes next.</summary>
    public Memory<byte> Free => _buffer.AsMemory(Filled, Length - Filled);

    public void Advance(int count)
    {
        TaskCompletionSource arrival;
        lock (_lock)
        {
            _filled += count;
            arrival = _arrival;
            _arrival = New();
        }
        arrival.SetResult();
    }

    /// <summary>What arrived since the last call; empty when nothing did.</summary>
    public ReadOnlyMemory<byte> Take()
    {
        int filled = Filled;
        ReadOnlyMemory<byte> taken = _buffer.AsMemory(Taken, filled - Taken);
        Taken = filled;
        return taken;
    }

    /// <summary>Waits until there is something to take or the task has ended.</summary>
    public Task WaitAsync()
    {
        lock (_lock)
            return _filled > Taken ? Task.CompletedTask : Task.WhenAny(_arrival.Task, Task);
    }

    public void Dispose()
    {
        if (_buffer is { } buffer)
            ArrayPool<byte>.Shared.Return(buffer);
        _buffer = null;
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
