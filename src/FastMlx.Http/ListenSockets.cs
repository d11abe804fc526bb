using System.Net;
using System.Net.Sockets;

namespace FastMlx.Http;

/// <summary>Turns the configured host into bound sockets.</summary>
internal static class ListenSockets
{
    private const int PortTries = 20;

    /// <summary>Throws <see cref="SocketException"/> where the address is in use or not ours.</summary>
    public static List<Socket> Bind(string host, int port, int backlog)
    {
        (IPAddress[] required, IPAddress[] optional) = Addresses(host);
        for (int attempt = 1; ; attempt++)
        {
            var sockets = new List<Socket>();
            try
            {
                foreach (IPAddress address in required)
                    sockets.Add(Listen(address, sockets.Count == 0 ? port : PortOf(sockets[0]), backlog));
                foreach (IPAddress address in optional) TryAdd(sockets, address, backlog);
                return sockets;
            }
            catch (SocketException) when (port == 0 && sockets.Count > 0 && attempt < PortTries)
            {
                Close(sockets); // The port that the system chose is taken on the second address.
            }
            catch
            {
                Close(sockets);
                throw;
            }
        }
    }

    private static (IPAddress[] Required, IPAddress[] Optional) Addresses(string host)
    {
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            return ([IPAddress.Loopback], [IPAddress.IPv6Loopback]);
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        ReadOnlySpan<char> literal = bracketed ? host.AsSpan(1, host.Length - 2) : host;
        if (!IPAddress.TryParse(literal, out IPAddress? address)) return (Dns.GetHostAddresses(host), []);
        // A client that asks for "localhost" may try ::1 first; answering there is what "all addresses" promises.
        return address.Equals(IPAddress.Any) ? ([address], [IPAddress.IPv6Loopback]) : ([address], []);
    }

    private static Socket Listen(IPAddress address, int port, int backlog)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = address.Equals(IPAddress.IPv6Any);
            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(backlog);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void TryAdd(List<Socket> sockets, IPAddress address, int backlog)
    {
        try
        {
            sockets.Add(Listen(address, PortOf(sockets[0]), backlog));
        }
        catch (SocketException)
        {
            // A machine without IPv6, or the port is taken there: the first address serves.
        }
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;

    private static void Close(List<Socket> sockets)
    {
        foreach (Socket socket in sockets) socket.Dispose();
    }
}
