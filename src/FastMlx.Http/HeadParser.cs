using System.Buffers;

namespace FastMlx.Http;

/// <summary>
/// Parses a request line and its fields. A byte is looked at once and in order, so that the verdict is the same for any
/// split of the input and comes with the first wrong byte. Only CRLF ends a line (RFC 9112 §2.2 allows more; a proxy
/// that disagrees about it is how requests are smuggled).
/// </summary>
internal sealed class HeadParser(HttpLimits limits)
{
    private const int MethodBytes = 32;

    private State _state;
    private int _mark;
    private int _versionIndex;
    private int _fieldsStart;
    private HeaderField _field;
    private long _fed;

    private enum State : byte
    {
        Start, StartLineFeed, Method, Target, Version, LineFeed,
        FieldStart, Name, ValueStart, Value, ValueLineFeed, EndLineFeed,
    }

    public RequestHead Head { get; } = new();

    public HttpFault Fault { get; private set; }

    /// <summary>Whether a byte of a request has been seen.</summary>
    public bool Started => _fed > 0;

    public void Reset()
    {
        Head.Reset();
        _state = State.Start;
        _mark = _versionIndex = _fieldsStart = 0;
        _fed = 0;
        Fault = default;
    }

    /// <summary>
    /// Looks at the bytes of <paramref name="buffer"/> that it has not seen yet; the buffer starts with the request
    /// until the answer is Done, when <paramref name="consumed"/> is the end of the head.
    /// </summary>
    public ParseStatus Parse(in ReadOnlySequence<byte> buffer, out SequencePosition consumed)
    {
        consumed = buffer.Start;
        foreach (ReadOnlyMemory<byte> segment in buffer.Slice(_fed))
        {
            ParseStatus status = Feed(segment.Span, out int used);
            _fed += used;
            if (status == ParseStatus.Done) consumed = buffer.GetPosition(_fed);
            if (status != ParseStatus.NeedMore) return status;
        }
        return ParseStatus.NeedMore;
    }

    /// <summary>The same for bytes that follow those of the last call.</summary>
    public ParseStatus Feed(ReadOnlySpan<byte> input, out int used)
    {
        int i = 0;
        ParseStatus status = ParseStatus.NeedMore;
        while (i < input.Length && status == ParseStatus.NeedMore)
        {
            status = _state switch
            {
                State.Start or State.StartLineFeed => Start(input, ref i),
                State.Method => Method(input, ref i),
                State.Target => Target(input, ref i),
                State.Version or State.LineFeed => Version(input, ref i),
                State.FieldStart or State.EndLineFeed => FieldStart(input, ref i),
                State.Name => Name(input, ref i),
                _ => Value(input, ref i),
            };
        }
        used = i;
        return status;
    }

    // One empty line before a request is ignored, as RFC 9112 §2.2 asks; a second one is an error.
    private ParseStatus Start(ReadOnlySpan<byte> input, ref int i)
    {
        byte b = input[i];
        if (_state == State.StartLineFeed)
        {
            if (b != '\n') return Reject(400, "A request starts with a bare carriage return.");
            i++;
            _state = State.Method;
            return ParseStatus.NeedMore;
        }
        if (b == '\r')
        {
            i++;
            _state = State.StartLineFeed;
            return ParseStatus.NeedMore;
        }
        _state = State.Method;
        return ParseStatus.NeedMore;
    }

    private ParseStatus Method(ReadOnlySpan<byte> input, ref int i)
    {
        ReadOnlySpan<byte> run = Run(input, HttpBytes.Token, ref i);
        if (run.Length > MethodBytes - Head.Length) return Reject(400, "The method is too long.");
        Head.Append(run);
        if (i == input.Length) return ParseStatus.NeedMore;
        if (input[i] != ' ' || Head.Length == 0) return Reject(400, "The request line has no valid method.");
        Head.MethodRange = 0..Head.Length;
        Head.Append(input[i++]);
        _mark = Head.Length;
        _state = State.Target;
        return ParseStatus.NeedMore;
    }

    private ParseStatus Target(ReadOnlySpan<byte> input, ref int i)
    {
        int room = limits.RequestLineBytes - Head.Length;
        ReadOnlySpan<byte> run = Run(input, HttpBytes.Target, ref i);
        if (run.Length > room) return Reject(414, $"The request line is longer than {limits.RequestLineBytes} bytes.");
        Head.Append(run);
        if (i == input.Length) return ParseStatus.NeedMore;
        if (input[i] != ' ' || Head.Length == _mark)
            return Reject(400, "The request target has a character that must be percent-encoded.");
        Head.TargetRange = _mark..Head.Length;
        Head.Append(input[i++]);
        _state = State.Version;
        return ParseStatus.NeedMore;
    }

    private ParseStatus Version(ReadOnlySpan<byte> input, ref int i)
    {
        ReadOnlySpan<byte> pattern = "HTTP/d.d\r"u8;
        while (i < input.Length)
        {
            byte b = input[i++];
            if (_state == State.LineFeed) return VersionEnd(b);
            byte expected = pattern[_versionIndex];
            if (expected == 'd' ? b is < (byte)'0' or > (byte)'9' : b != expected)
                return Reject(400, "The request line does not end with a valid HTTP version.");
            Head.Append(b);
            if (++_versionIndex == pattern.Length) _state = State.LineFeed;
        }
        return ParseStatus.NeedMore;
    }

    private ParseStatus VersionEnd(byte b)
    {
        if (b != '\n') return Reject(400, "A carriage return in the request line is not followed by a line feed.");
        Head.Append(b);
        ReadOnlySpan<byte> version = Head.Bytes[^5..^2];
        if (version[0] != '1' || version[2] > '1') return Reject(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
        if (Head.Length - 2 > limits.RequestLineBytes)
            return Reject(414, $"The request line is longer than {limits.RequestLineBytes} bytes.");
        Head.MinorVersion = version[2] - '0';
        _fieldsStart = Head.Length;
        _state = State.FieldStart;
        return ParseStatus.NeedMore;
    }

    private ParseStatus FieldStart(ReadOnlySpan<byte> input, ref int i)
    {
        byte b = input[i];
        if (_state == State.EndLineFeed)
        {
            if (b != '\n') return Reject(400, "A carriage return in the head is not followed by a line feed.");
            Head.Append(b);
            i++;
            return ParseStatus.Done;
        }
        if (b == '\r')
        {
            Head.Append(b);
            i++;
            _state = State.EndLineFeed;
            return ParseStatus.NeedMore;
        }
        if (b is (byte)' ' or (byte)'\t') return Reject(400, "A field is folded over two lines.");
        if (Head.FieldCount >= limits.HeaderCount)
            return Reject(431, $"There are more than {limits.HeaderCount} fields.");
        _mark = Head.Length;
        _state = State.Name;
        return ParseStatus.NeedMore;
    }

    private ParseStatus Name(ReadOnlySpan<byte> input, ref int i)
    {
        ReadOnlySpan<byte> run = Run(input, HttpBytes.Token, ref i);
        if (run.Length > FieldRoom) return RejectTooLarge();
        Head.Append(run);
        if (i == input.Length) return ParseStatus.NeedMore;
        if (input[i] != ':' || Head.Length == _mark) return Reject(400, "A field name is not valid.");
        if (FieldRoom == 0) return RejectTooLarge();
        _field = new HeaderField { NameStart = _mark, NameLength = Head.Length - _mark };
        Head.Append(input[i++]);
        _mark = Head.Length;
        _state = State.ValueStart;
        return ParseStatus.NeedMore;
    }

    private ParseStatus Value(ReadOnlySpan<byte> input, ref int i)
    {
        if (_state == State.ValueLineFeed) return ValueEnd(input, ref i);
        ReadOnlySpan<byte> run = Run(input, HttpBytes.FieldValue, ref i);
        if (run.Length > FieldRoom) return RejectTooLarge();
        Head.Append(run);
        if (i == input.Length) return ParseStatus.NeedMore;
        if (input[i] != '\r') return Reject(400, "A field value has a control character.");
        i++;
        _state = State.ValueLineFeed;
        return ParseStatus.NeedMore;
    }

    private ParseStatus ValueEnd(ReadOnlySpan<byte> input, ref int i)
    {
        if (input[i] != '\n') return Reject(400, "A carriage return in a field is not followed by a line feed.");
        i++;
        ReadOnlySpan<byte> raw = Head.Bytes[_mark..];
        ReadOnlySpan<byte> value = raw.Trim(" \t"u8);
        int before = value.IsEmpty ? raw.Length : raw.IndexOfAnyExcept((byte)' ', (byte)'\t');
        _field.ValueStart = _mark + before;
        _field.ValueLength = value.Length;
        _field.OddSpace = before > 1 || (before == 1 && raw[0] != ' ') || before + value.Length != raw.Length;
        Head.Add(_field);
        Head.Append("\r\n"u8);
        if (FieldRoom < 0) return RejectTooLarge();
        _state = State.FieldStart;
        return ParseStatus.NeedMore;
    }

    private int FieldRoom => limits.HeaderBytes - (Head.Length - _fieldsStart);

    private static ReadOnlySpan<byte> Run(ReadOnlySpan<byte> input, SearchValues<byte> allowed, ref int i)
    {
        ReadOnlySpan<byte> rest = input[i..];
        int length = rest.IndexOfAnyExcept(allowed);
        if (length < 0) length = rest.Length;
        i += length;
        return rest[..length];
    }

    private ParseStatus RejectTooLarge() => Reject(431, $"The fields are longer than {limits.HeaderBytes} bytes.");

    private ParseStatus Reject(int status, string reason)
    {
        Fault = new HttpFault(status, reason);
        return ParseStatus.Rejected;
    }
}
