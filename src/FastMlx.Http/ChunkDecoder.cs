namespace FastMlx.Http;

/// <summary>
/// Takes the chunk framing off a body (RFC 9112 §7.1). Each byte is looked at once and in order; sizes are checked
/// before a byte of the chunk is accepted. Trailer fields are checked and dropped.
/// </summary>
internal sealed class ChunkDecoder(HttpLimits limits)
{
    private readonly TrailerParser _trailers = new(limits);
    private State _state;
    private ulong _size;
    private int _digits;
    private int _lineBytes;
    private ulong _total;
    private bool _quotedPair;

    private enum State : byte
    {
        Size, ExtensionName, ExtensionNameMore, ExtensionValue, ExtensionToken, ExtensionQuoted, ExtensionEnd,
        SizeLineFeed, Data, DataReturn, DataLineFeed, Trailers, Done,
    }

    public HttpFault Fault { get; private set; }

    public void Reset()
    {
        _state = State.Size;
        _size = _total = 0;
        _digits = _lineBytes = 0;
        _quotedPair = false;
        _trailers.Reset();
        Fault = default;
    }

    /// <summary>
    /// Reads framing until there is body data, the input ends or the body ends. <paramref name="data"/> is part of the
    /// input and included in <paramref name="used"/>; call again with the rest.
    /// </summary>
    public ParseStatus Read(ReadOnlySpan<byte> input, out int used, out ReadOnlySpan<byte> data)
    {
        data = default;
        int i = 0;
        ParseStatus status = _state == State.Done ? ParseStatus.Done : ParseStatus.NeedMore;
        while (i < input.Length && status == ParseStatus.NeedMore)
        {
            if (_state == State.Data)
            {
                int length = (int)Math.Min(_size, (ulong)(input.Length - i));
                data = input.Slice(i, length);
                i += length;
                _size -= (ulong)length;
                if (_size == 0) _state = State.DataReturn;
                break;
            }
            if (_state == State.Trailers)
            {
                status = _trailers.Feed(input[i..], out int trailerBytes);
                i += trailerBytes;
                if (status == ParseStatus.Rejected) Fault = _trailers.Fault;
                if (status == ParseStatus.Done) _state = State.Done;
                continue;
            }
            status = Frame(input[i]);
            if (status == ParseStatus.NeedMore) i++;
        }
        used = i;
        return status;
    }

    private ParseStatus Frame(byte b) => _state switch
    {
        State.DataReturn => Expect(b, '\r', State.DataLineFeed),
        State.DataLineFeed => Expect(b, '\n', State.Size),
        State.SizeLineFeed => SizeEnd(b),
        _ when ++_lineBytes > limits.ChunkLineBytes - 1 => Reject("A chunk's size line is too long."),
        State.Size => Size(b),
        _ => Extension(b),
    };

    private ParseStatus Size(byte b)
    {
        int digit = HttpBytes.Hex(b);
        if (digit < 0) return _digits == 0 ? Reject("A chunk has no valid size.") : AfterSize(b);
        if (++_digits > limits.ChunkSizeDigits) return Reject("A chunk's size has too many digits.");
        _size = (_size << 4) | (uint)digit;
        return ParseStatus.NeedMore;
    }

    private ParseStatus AfterSize(byte b) => b switch
    {
        (byte)'\r' => Go(State.SizeLineFeed),
        (byte)';' => Go(State.ExtensionName),
        _ => Reject("A chunk's size line has an invalid character."),
    };

    // ;name, ;name=token and ;name="quoted", without the white space that RFC 9112 calls "bad".
    private ParseStatus Extension(byte b)
    {
        bool token = HttpBytes.Token.Contains(b);
        switch (_state)
        {
            case State.ExtensionName when token: return Go(State.ExtensionNameMore);
            case State.ExtensionNameMore when token: return ParseStatus.NeedMore;
            case State.ExtensionNameMore when b == '=': return Go(State.ExtensionValue);
            case State.ExtensionNameMore: return AfterSize(b);
            case State.ExtensionValue when b == '"': return Go(State.ExtensionQuoted);
            case State.ExtensionValue when token: return Go(State.ExtensionToken);
            case State.ExtensionToken when token: return ParseStatus.NeedMore;
            case State.ExtensionToken or State.ExtensionEnd: return AfterSize(b);
            case State.ExtensionQuoted when HttpBytes.FieldValue.Contains(b):
                if (!_quotedPair && b == '"') return Go(State.ExtensionEnd);
                _quotedPair = !_quotedPair && b == '\\';
                return ParseStatus.NeedMore;
            default: return Reject("A chunk extension is not valid.");
        }
    }

    private ParseStatus SizeEnd(byte b)
    {
        if (b != '\n') return Reject("A carriage return in a chunk's size line is not followed by a line feed.");
        // The digits fit in 64 bits and the total is at most the limit, so neither side can overflow.
        if (_size > (ulong)limits.BodyBytes - _total)
        {
            Fault = HeadRules.TooLarge(limits);
            return ParseStatus.Rejected;
        }
        _total += _size;
        _digits = _lineBytes = 0;
        return Go(_size == 0 ? State.Trailers : State.Data);
    }

    private ParseStatus Expect(byte b, char expected, State next) =>
        b == expected ? Go(next) : Reject("A chunk does not end where its size says.");

    private ParseStatus Go(State next)
    {
        _state = next;
        return ParseStatus.NeedMore;
    }

    private ParseStatus Reject(string reason)
    {
        Fault = HttpFault.Bad(reason);
        return ParseStatus.Rejected;
    }
}
