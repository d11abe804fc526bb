using System.IO.Pipelines;
using System.Net.Sockets;

namespace FastMlx.Http;

/// <summary>
/// Moves bytes from the socket into the pipe for the connection's whole life, also while a handler runs: that is how a
/// peer that leaves is noticed during a long silence. The pipe's limit holds it back when requests are pipelined.
/// </summary>
internal sealed class ReceivePump(Socket socket, PipeWriter writer, ConnectionClock clock, Action closed)
{
    private const int BodyBlock = 16 * 1024;

    public async Task RunAsync()
    {
        try
        {
            while (await ReceiveAsync())
            {
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The peer reset the connection or we cut it: the end of the input either way.
        }
        finally
        {
            closed();
            await writer.CompleteAsync();
        }
    }

    private async ValueTask<bool> ReceiveAsync()
    {
        // An empty receive waits without holding a buffer; in a body the next bytes are due at once.
        bool body = clock.Phase == ConnectionPhase.Body;
        if (!body) await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);
        int received = await socket.ReceiveAsync(writer.GetMemory(body ? BodyBlock : 1), SocketFlags.None);
        if (received == 0) return false;
        writer.Advance(received);
        FlushResult result = await writer.FlushAsync();
        return !result.IsCompleted;
    }
}
