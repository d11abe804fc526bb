using System.Buffers.Text;

namespace FastMlx.Http;

/// <summary>
/// The event stream of one request. Layout of the buffer: the marked events, each framed as a chunk, then
/// the event in the making behind room for its size line.
/// <code>[size CRLF event CRLF] [size CRLF event CRLF] [room][event…</code>
/// </summary>
internal sealed class Http1EventStream(SocketSender sender, HttpLimits limits, CancellationToken aborted) : EventStream
{
    private const int InitialBytes = 4096;

    /// <summary>
    /// Eight hexadecimal digits and a line end; what is not needed is closed again at the event's end.
    /// </summary>
    private const int SizeRoom = 10;

    private readonly OutputBuffer _buffer = new(InitialBytes);
    private int _marked;
    private bool _chunked;
    private bool _silent;
    private bool _open;

    public bool IsOpen => _open;

    /// <summary>Starts a body; a silent one (the answer to HEAD) takes events and sends none.</summary>
    public void Begin(bool chunked, bool silent)
    {
        _chunked = chunked && !silent;
        _silent = silent;
        _open = true;
        _buffer.Length = 0;
        _marked = 0;
        OpenRoom();
    }

    public override void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _buffer.Capacity - _buffer.Length);
        _buffer.Length += count;
    }

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        ThrowIfClosed();
        ThrowIfTooLarge(sizeHint);
        return _buffer.Room(Math.Max(sizeHint, 256));
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void EndEvent()
    {
        ThrowIfClosed();
        int start = _marked + (_chunked ? SizeRoom : 0);
        int length = _buffer.Length - start;
        if (length <= 0) return; // An empty chunk would end the body.
        if (_chunked)
        {
            CloseRoom(start, length);
            _buffer.Write("\r\n"u8);
        }
        _marked = _buffer.Length;
        OpenRoom();
    }

    public override ValueTask FlushAsync()
    {
        if (aborted.IsCancellationRequested) return Gone();
        if (_marked == 0) return default;
        ReadOnlyMemory<byte> marked = _buffer.Written[.._marked];
        if (_buffer.Length > _marked + (_chunked ? SizeRoom : 0)) return FlushPartAsync(marked);
        bool silent = _silent;
        _buffer.Length = 0;
        _marked = 0;
        if (_buffer.Capacity > limits.OutputBufferBytes) return FlushLargeAsync(marked);
        OpenRoom();
        return silent ? default : sender.SendAsync(marked);
    }

    public override async ValueTask DisposeAsync()
    {
        if (!_open) return;
        _open = false;
        _buffer.Length = _marked; // An event without an end is not sent.
        if (_chunked) _buffer.Write("0\r\n\r\n"u8);
        try
        {
            if (!aborted.IsCancellationRequested && !_silent) await sender.SendAsync(_buffer.Written);
        }
        catch (OperationCanceledException)
        {
            // The peer left before the end; the connection notices by itself.
        }
        finally
        {
            _buffer.Dispose();
            _marked = 0;
        }
    }

    /// <summary>Gives the buffer back without ending the body.</summary>
    public void Drop()
    {
        _open = false;
        _marked = 0;
        _buffer.Dispose();
    }

    private void OpenRoom()
    {
        if (!_chunked) return;
        _buffer.Room(SizeRoom);
        _buffer.Length += SizeRoom;
    }

    // Writes the size line into its room and closes the gap that is left.
    private void CloseRoom(int start, int length)
    {
        Span<byte> all = _buffer.Bytes;
        Span<byte> room = all[_marked..start];
        Utf8Formatter.TryFormat(length, room, out int digits, new System.Buffers.StandardFormat('x'));
        room[digits++] = (byte)'\r';
        room[digits++] = (byte)'\n';
        all[start..].CopyTo(all[(_marked + digits)..]);
        _buffer.Length -= SizeRoom - digits;
    }

    // The next event has begun already: it moves to the front once the marked ones are out.
    private async ValueTask FlushPartAsync(ReadOnlyMemory<byte> marked)
    {
        if (!_silent) await sender.SendAsync(marked);
        int rest = _buffer.Length - _marked;
        _buffer.Bytes[_marked..].CopyTo(_buffer.Bytes);
        _buffer.Length = rest;
        _marked = 0;
    }

    private async ValueTask FlushLargeAsync(ReadOnlyMemory<byte> marked)
    {
        if (!_silent) await sender.SendAsync(marked);
        _buffer.Dispose();
        OpenRoom();
    }

    private ValueTask Gone() => ValueTask.FromCanceled(aborted);

    private void ThrowIfClosed()
    {
        if (!_open) throw new InvalidOperationException("The event stream has ended.");
    }

    private void ThrowIfTooLarge(int more)
    {
        if ((long)_buffer.Length + more > limits.EventBytes)
            throw new InvalidOperationException($"Unsent events are larger than {limits.EventBytes} bytes.");
    }
}
