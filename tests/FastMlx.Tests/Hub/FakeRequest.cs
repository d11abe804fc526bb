using System.Net.Sockets;
using System.Text;

namespace FastMlx.Tests.Hub;

/// <summary>A request head that a <see cref="FakeHub"/> received.</summary>
internal sealed record FakeRequest(string Method, string Path, Dictionary<string, string> Headers, string Server)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>Null when the peer closed.</summary>
    public static async Task<FakeRequest?> ReadAsync(NetworkStream stream, string server)
    {
        var head = new List<byte>();
        // One request a connection and no body: whatever arrives is of this head.
        var block = new byte[4096];
        while (!EndsHead(head))
        {
            int count = await stream.ReadAsync(block);
            if (head.Count > 65_536 || count == 0)
                return null;
            head.AddRange(block.AsSpan(0, count));
        }
        string[] lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] first = lines[0].Split(' ');
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1))
            headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
        return new FakeRequest(first[0], first[1], headers, server);
    }

    private static bool EndsHead(List<byte> head) => head.Count >= 4
        && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n' && head[^4] == '\r';
}
