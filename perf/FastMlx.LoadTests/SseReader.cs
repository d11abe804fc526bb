namespace FastMlx.LoadTests;

/// <summary>Reads the events of an event stream. A line's end is LF, CR or CRLF, as the standard says.</summary>
internal sealed class SseReader(Stream stream)
{
    private byte[] _bytes = new byte[16 * 1024];
    private int _start;
    private int _end;
    private bool _skipLineFeed;

    public long BytesRead { get; private set; }

    /// <summary>The data of the event that <see cref="ReadAsync"/> found; valid until the next call.</summary>
    public ReadOnlyMemory<byte> Data { get; private set; }

    /// <summary>Waits for the next event with data; false at the end. An unfinished last event is dropped.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken cancel)
    {
        var data = new MemoryStream();
        while (true)
        {
            int end;
            while ((end = LineEnd()) < 0)
            {
                if (!await FillAsync(cancel)) return false;
            }
            ReadOnlySpan<byte> line = _bytes.AsSpan(_start, end - _start);
            if (line.StartsWith("data:"u8))
            {
                line = line[5..];
                if (data.Length > 0) data.WriteByte((byte)'\n');
                data.Write(line.StartsWith(" "u8) ? line[1..] : line);
            }
            bool dispatch = line.IsEmpty && end == _start && data.Length > 0;
            _skipLineFeed = _bytes[end] == '\r';
            _start = end + 1;
            if (!dispatch) continue;
            Data = data.GetBuffer().AsMemory(0, (int)data.Length);
            return true;
        }
    }

    private int LineEnd()
    {
        if (_skipLineFeed && _start < _end)
        {
            if (_bytes[_start] == '\n') _start++;
            _skipLineFeed = false;
        }
        int at = _bytes.AsSpan(_start, _end - _start).IndexOfAny((byte)'\r', (byte)'\n');
        return at < 0 ? -1 : _start + at;
    }

    private async ValueTask<bool> FillAsync(CancellationToken cancel)
    {
        if (_start > 0)
        {
            _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
            _end -= _start;
            _start = 0;
        }
        if (_end == _bytes.Length) Array.Resize(ref _bytes, _bytes.Length * 2);
        int count = await stream.ReadAsync(_bytes.AsMemory(_end), cancel);
        _end += count;
        BytesRead += count;
        return count > 0;
    }
}
