using System.Net.Sockets;
using System.Text;

namespace FastMlx.Composition;

/// <summary>Tells systemd (Type=notify) how far the server is; nothing where no socket was given.</summary>
internal static class ServiceNotice
{
    public static void Send(string? socketPath, string state)
    {
        if (socketPath is null)
            return;
        // '@' stands for the abstract namespace.
        string path = socketPath[0] == '@' ? "\0" + socketPath[1..] : socketPath;
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            socket.Send(Encoding.UTF8.GetBytes(state));
        }
        catch (SocketException)
        {
            // Nobody listens any more. A service manager that is gone must not stop the server.
        }
    }
}
