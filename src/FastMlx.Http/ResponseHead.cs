using System.Buffers;

namespace FastMlx.Http;

/// <summary>
/// The headers that a handler has set and the writing of the head. Reused for each answer of a connection.
/// </summary>
internal sealed class ResponseHead(HttpDate date)
{
    private static readonly SearchValues<char> NameCharacters = Where(b => HttpBytes.Token.Contains(b));
    private static readonly SearchValues<char> ValueCharacters = Where(b => HttpBytes.FieldValue.Contains(b));

    private readonly List<KeyValuePair<string, string>> _headers = [];

    /// <summary>The handler asked for the connection to be closed.</summary>
    public bool Close { get; private set; }

    public void Reset()
    {
        _headers.Clear();
        Close = false;
    }

    public void Set(string name, string value)
    {
        bool valid = name.Length > 0 && !name.AsSpan().ContainsAnyExcept(NameCharacters)
            && !value.AsSpan().ContainsAnyExcept(ValueCharacters) && value.Trim() == value;
        if (!valid) throw new ArgumentException("The header has a character that may not be in one.", nameof(name));
        if (Equal(name, "connection"))
        {
            Close |= Equal(value, "close");
            return;
        }
        bool ours = Equal(name, "content-length") || Equal(name, "transfer-encoding") || Equal(name, "date");
        if (ours) throw new ArgumentException("The connection writes this header itself.", nameof(name));
        if (!Equal(name, "set-cookie")) _headers.RemoveAll(header => Equal(header.Key, name));
        _headers.Add(new(name, value));
    }

    public void Write(OutputBuffer output, int status, string contentType)
    {
        output.Write("HTTP/1.1 "u8);
        output.Write(status);
        output.Write(" "u8);
        output.Write(HttpStatus.Phrase(status));
        output.Write("\r\nDate: "u8);
        output.Write(date.Now());
        output.Write("\r\n"u8);
        if (contentType.Length > 0) WriteField(output, "Content-Type", contentType);
        foreach ((string name, string value) in _headers) WriteField(output, name, value);
    }

    private static void WriteField(OutputBuffer output, string name, string value)
    {
        output.WriteLatin1(name);
        output.Write(": "u8);
        output.WriteLatin1(value);
        output.Write("\r\n"u8);
    }

    private static bool Equal(string a, string b) => a.Equals(b, StringComparison.OrdinalIgnoreCase);

    private static SearchValues<char> Where(Predicate<byte> allowed)
    {
        var characters = new List<char>();
        for (int b = 0; b <= 0xFF; b++) if (allowed((byte)b)) characters.Add((char)b);
        return SearchValues.Create(characters.ToArray());
    }
}
