using System.Text;

namespace FastMlx.Http;

/// <summary>
/// Checks the fields after the last chunk and drops them. Fields that frame, route, authorise or describe a request may
/// not come this late (RFC 9110 §6.5.1): a server that merges them can be told a second truth.
/// </summary>
internal sealed class TrailerParser(HttpLimits limits)
{
    private const int LongestName = 32;

    private static readonly string[] Forbidden =
    [
        "accept-encoding", "authorization", "cache-control", "connection", "content-encoding", "content-length",
        "content-range", "content-type", "cookie", "expect", "host", "keep-alive", "max-forwards", "origin", "pragma",
        "proxy-authorization", "proxy-connection", "range", "set-cookie", "te", "trailer", "transfer-encoding",
        "upgrade", "x-api-key",
    ];

    private readonly byte[] _name = new byte[LongestName];
    private State _state;
    private int _nameLength;
    private int _bytes;
    private int _count;

    private enum State : byte { FieldStart, Name, Value, ValueLineFeed, EndLineFeed }

    public HttpFault Fault { get; private set; }

    public void Reset()
    {
        _state = State.FieldStart;
        _nameLength = _bytes = _count = 0;
        Fault = default;
    }

    public ParseStatus Feed(ReadOnlySpan<byte> input, out int used)
    {
        used = 0;
        foreach (byte b in input)
        {
            ParseStatus status = Next(b);
            if (status == ParseStatus.Rejected) return status;
            used++;
            if (status == ParseStatus.Done) return status;
        }
        return ParseStatus.NeedMore;
    }

    private ParseStatus Next(byte b)
    {
        if (++_bytes > limits.TrailerBytes) return Reject(431, "The trailer fields are too long.");
        switch (_state)
        {
            case State.EndLineFeed when b == '\n': return ParseStatus.Done;
            case State.FieldStart when b == '\r': return Go(State.EndLineFeed);
            case State.FieldStart when HttpBytes.Token.Contains(b):
                if (++_count > limits.HeaderCount) return Reject(431, "There are too many trailer fields.");
                _nameLength = 0;
                return Name(b);
            case State.Name when b == ':':
                return IsForbidden() ? Reject(400, "A trailer field belongs in the head.") : Go(State.Value);
            case State.Name when HttpBytes.Token.Contains(b): return Name(b);
            case State.Value when b == '\r': return Go(State.ValueLineFeed);
            case State.Value when HttpBytes.FieldValue.Contains(b): return ParseStatus.NeedMore;
            case State.ValueLineFeed when b == '\n': return Go(State.FieldStart);
            default: return Reject(400, "A trailer field is not valid.");
        }
    }

    private ParseStatus Name(byte b)
    {
        if (_nameLength < LongestName) _name[_nameLength] = b;
        _nameLength++;
        return Go(State.Name);
    }

    private bool IsForbidden()
    {
        if (_nameLength > LongestName) return false;
        ReadOnlySpan<byte> name = _name.AsSpan(0, _nameLength);
        foreach (string forbidden in Forbidden) if (Ascii.EqualsIgnoreCase(name, forbidden)) return true;
        return false;
    }

    private ParseStatus Go(State next)
    {
        _state = next;
        return ParseStatus.NeedMore;
    }

    private ParseStatus Reject(int status, string reason)
    {
        Fault = new HttpFault(status, reason);
        return ParseStatus.Rejected;
    }
}
