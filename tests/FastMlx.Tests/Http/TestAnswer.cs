using System.Globalization;

namespace FastMlx.Tests.Http;

/// <summary>An answer as a client sees it.</summary>
internal sealed record TestAnswer(string Head)
{
    public int Status { get; } = int.Parse(Head.AsSpan(9, 3), CultureInfo.InvariantCulture);

    public string Body { get; init; } = "";

    public List<string> Chunks { get; } = [];

    public string? Header(string name)
    {
        foreach (string line in Head.Split("\r\n"))
        {
            if (line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase)) return line[(name.Length + 2)..];
        }
        return null;
    }
}
