using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace FastMlx.Http;

/// <summary>
/// Sends bytes whole, one call at a time. A send that the kernel takes at once, as nearly all do, allocates nothing;
/// one that waits is watched by the clock. Every failure becomes <see cref="OperationCanceledException"/>.
/// </summary>
internal sealed class SocketSender(Socket socket, ConnectionClock clock, Action broken, CancellationToken aborted)
{
    /// <summary>A stalled reader is told by the lack of progress, so large bodies go out in pieces.</summary>
    private const int PieceBytes = 32 * 1024;

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
            return socket.SendAsync(bytes, SocketFlags.None, CancellationToken.None);
        }
        catch (ObjectDisposedException)
        {
            throw Broken();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask WaitAsync(ValueTask<int> send, ReadOnlyMemory<byte> bytes)
    {
        clock.BeginSend();
        try
        {
            while (true)
            {
                int sent = await send;
                bytes = bytes[sent..];
                if (bytes.IsEmpty) return;
                clock.BeginSend();
                send = Start(bytes);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            throw Broken();
        }
        finally
        {
            clock.EndSend();
        }
    }

    private OperationCanceledException Broken()
    {
        broken();
        return new OperationCanceledException("The peer is gone.", aborted);
    }
}
