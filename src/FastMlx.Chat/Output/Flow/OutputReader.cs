using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FastMlx.Chat.Output;

/// <summary>
/// The bytes that have come and are not consumed. A parser decides only by what <see cref="Need"/> has granted (or by
/// the end), never by how much happens to be there; that is why it reads the same text the same way in any pieces.
/// </summary>
internal sealed class OutputReader
{
    private byte[] _buffer = new byte[512];
    private int _start;
    private int _end;
    private int _needed;
    private int _mark = -1;
    private Action? _waiting;

    /// <summary>No more bytes will come.</summary>
    public bool Final { get; private set; }

    public int Length => _end - _start;

    /// <summary>Valid until the next suspension.</summary>
    public ReadOnlySpan<byte> Data => _buffer.AsSpan(_start, _end - _start);

    public byte this[int index] => _buffer[_start + index];

    /// <summary>A reader over a text that is all there: flows on it complete at once.</summary>
    public static OutputReader Over(ReadOnlySpan<byte> text)
    {
        var reader = new OutputReader();
        reader.Append(text);
        reader.Finish();
        return reader;
    }

    public void Skip(int count)
    {
        Debug.Assert(count <= Length, "a parser skipped what has not come");
        _start += count;
    }

    /// <summary>Keeps what is consumed from here on, until <see cref="Unmark"/>.</summary>
    public void Mark() => _mark = _start;

    /// <summary>What was consumed since the mark.</summary>
    public ReadOnlySpan<byte> Marked => _buffer.AsSpan(_mark, _start - _mark);

    public void Unmark() => _mark = -1;

    /// <summary>Unconsumes the last bytes; only where they were consumed since the last suspension or mark.</summary>
    public void Unskip(int count) => _start -= count;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length - _end < bytes.Length)
            MakeRoom(bytes.Length);
        bytes.CopyTo(_buffer.AsSpan(_end));
        _end += bytes.Length;
        if (_waiting is not null && Length >= _needed)
            Wake();
    }

    public void Finish()
    {
        Final = true;
        if (_waiting is not null)
            Wake();
    }

    /// <summary>Awaits <paramref name="count"/> unconsumed bytes; false where the text ends before.</summary>
    public Demand Need(int count) => new(this, count);

    private void Wake()
    {
        Action waiting = _waiting!;
        _waiting = null;
        waiting();
    }

    private void MakeRoom(int count)
    {
        int first = _mark >= 0 ? _mark : _start;
        int length = _end - first;
        byte[] target = _buffer;
        // Moving at most as many bytes as were consumed keeps the total work linear.
        if (first < length || _buffer.Length - length < count)
            target = new byte[Math.Max(_buffer.Length * 2, checked(length + count))];
        _buffer.AsSpan(first, length).CopyTo(target);
        _buffer = target;
        _start -= first;
        _end = length;
        _mark = _mark >= 0 ? 0 : -1;
    }

    internal readonly struct Demand(OutputReader reader, int count) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => reader.Length >= count || reader.Final;

        public Demand GetAwaiter() => this;

        public bool GetResult() => reader.Length >= count;

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation)
        {
            reader._waiting = continuation;
            reader._needed = count;
        }
    }
}
