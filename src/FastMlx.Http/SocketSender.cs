using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Tasks.Sources;

namespace FastMlx.Http;

/// <summary>
/// Sends bytes whole, one call at a time. Nothing is allocated: a send that the kernel takes at once, as nearly all do,
/// has completed, and for one that waits the sender itself is the task. That one is watched by the clock. Every failure
/// becomes <see cref="OperationCanceledException"/>.
/// </summary>
internal sealed class SocketSender : IValueTaskSource
{
    /// <summary>A stalled reader is told by the lack of progress, so large bodies go out in pieces.</summary>
    private const int PieceBytes = 32 * 1024;

    private readonly Socket _socket;
    private readonly ConnectionClock _clock;
    private readonly Action _broken;
    private readonly CancellationToken _aborted;
    private readonly Action _goOn;
    private ManualResetValueTaskSourceCore<bool> _core;
    private ValueTaskAwaiter<int> _send; // The piece that waits.
    private ReadOnlyMemory<byte> _rest; // It and what follows.

    public SocketSender(Socket socket, ConnectionClock clock, Action broken, CancellationToken aborted)
    {
        _socket = socket;
        _clock = clock;
        _broken = broken;
        _aborted = aborted;
        _goOn = GoOn;
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > PieceBytes) return SendPiecesAsync(bytes);
        ValueTask<int> send = Start(bytes);
        if (!send.IsCompletedSuccessfully) return WaitAsync(send, bytes);
#pragma warning disable VSTHRD103 // It has completed: the result is there, and awaiting it would cost a state machine.
        int sent = send.Result;
#pragma warning restore VSTHRD103
        return sent == bytes.Length ? default : WaitAsync(new ValueTask<int>(sent), bytes);
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask SendPiecesAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(bytes.Length, PieceBytes);
            await SendAsync(bytes[..length]);
            bytes = bytes[length..];
        }
    }

    private ValueTask<int> Start(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            return _socket.SendAsync(bytes, SocketFlags.None, CancellationToken.None);
        }
        catch (ObjectDisposedException)
        {
            throw Broken();
        }
    }

    private ValueTask WaitAsync(ValueTask<int> send, ReadOnlyMemory<byte> bytes)
    {
        _core.Reset();
        short version = _core.Version;
        _rest = bytes;
        _clock.BeginSend();
        _send = send.GetAwaiter();
        if (_send.IsCompleted)
            GoOn();
        else
            _send.UnsafeOnCompleted(_goOn);
        return new ValueTask(this, version);
    }

    // The piece is sent: the next one, until one waits again or none is left.
#pragma warning disable VSTHRD002, CA2012 // This is the await: the awaiter has completed, and each is used once.
    private void GoOn()
    {
        try
        {
            do
            {
                _rest = _rest[_send.GetResult()..];
                if (_rest.IsEmpty)
                {
                    _clock.EndSend();
                    _core.SetResult(true);
                    return;
                }
                _clock.BeginSend();
                _send = Start(_rest).GetAwaiter();
            }
            while (_send.IsCompleted);
            _send.UnsafeOnCompleted(_goOn);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            _clock.EndSend();
            _core.SetException(error as OperationCanceledException ?? Broken());
        }
    }
#pragma warning restore VSTHRD002, CA2012

    private OperationCanceledException Broken()
    {
        _broken();
        return new OperationCanceledException("The peer is gone.", _aborted);
    }
}
