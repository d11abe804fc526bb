using System.Text;

namespace FastMlx.Tests.Hub;

/// <summary>What a <see cref="FakeHub"/> answers.</summary>
internal sealed class FakeReply
{
    public int Status { get; init; } = 200;
    public List<(string Name, string Value)> Headers { get; } = [];
    public byte[] Body { get; init; } = [];

    /// <summary>Close the connection after so many bytes of the body; null sends all.</summary>
    public int? CutAfter { get; set; }

    /// <summary>After the body (cut or not) say nothing and keep the connection open until the peer leaves.</summary>
    public bool Hang { get; set; }

    public bool OmitLength { get; init; }

    /// <summary>A HEAD answer says this length and sends no body.</summary>
    public long? Length { get; init; }

    public FakeReply With(string name, string? value)
    {
        if (value is not null)
            Headers.Add((name, value));
        return this;
    }

    public static FakeReply Redirect(string location, int status = 302) =>
        new FakeReply { Status = status }.With("Location", location);

    public static FakeReply Text(string text, int status = 200) =>
        new() { Status = status, Body = Encoding.UTF8.GetBytes(text) };

    public byte[] Head()
    {
        var head = new StringBuilder($"HTTP/1.1 {Status} X\r\nConnection: close\r\n");
        if (!OmitLength)
            head.Append($"Content-Length: {Length ?? Body.Length}\r\n");
        foreach ((string name, string value) in Headers)
            head.Append($"{name}: {value}\r\n");
        return Encoding.ASCII.GetBytes(head.Append("\r\n").ToString());
    }
}
