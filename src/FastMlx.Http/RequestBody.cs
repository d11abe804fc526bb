using System.Buffers;
using System.IO.Pipelines;

namespace FastMlx.Http;

/// <summary>
/// Reads one request's body after its head, or drops it. Owned by the connection, reused for each request.
/// </summary>
internal sealed class RequestBody(
    RequestHead head, PipeReader reader, SocketSender sender, ConnectionClock clock, HttpLimits limits,
    BodyBudget budget)
{
    private const int FirstBytes = 64 * 1024;
    private const int DrainBytes = 64 * 1024;

    private readonly ChunkDecoder _chunks = new(limits);
    private byte[] _bytes = [];
    private int _length;
    private long _left;
    private long _dropped;
    private bool _done;
    private bool _failed;
    private bool _continued;

    /// <summary>
    /// Whether the connection can be used again: the body is read, or what is left of it is little and sure to come.
    /// </summary>
    public bool CanDrain => !_failed && (_done || (!(head.ExpectContinue && !_continued) && _left <= DrainBytes));

    public void Begin()
    {
        _length = 0;
        _dropped = 0;
        _left = head.Chunked ? 0 : Math.Max(0, head.ContentLength);
        _done = !head.HasBody;
        _failed = _continued = false;
        if (head.Chunked) _chunks.Reset();
    }

    public async ValueTask<ReadOnlyMemory<byte>> ReadAsync()
    {
        if (!_done) await RunAsync(keep: true);
        return _bytes.AsMemory(0, _length);
    }

    /// <summary>Drops the rest; false where it is too long, too slow or badly framed.</summary>
    public async ValueTask<bool> DrainAsync()
    {
        if (_done || _failed) return _done;
        try
        {
            await RunAsync(keep: false);
            return true;
        }
        catch (HttpRejection)
        {
            return false; // The answer is already out: closing says the rest.
        }
    }

    /// <summary>Gives the body's memory back; the handler has returned.</summary>
    public void Release()
    {
        if (_bytes.Length == 0) return;
        budget.Give(_bytes.Length);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _length = 0;
    }

    private async ValueTask RunAsync(bool keep)
    {
        if (_failed) throw new InvalidOperationException("The body could not be read before.");
        _failed = true; // Until the end is reached.
        clock.Enter(ConnectionPhase.Body);
        if (head.ExpectContinue && !_continued) await ContinueAsync();
        while (!_done)
        {
            ReadResult result = await reader.ReadAsync();
            clock.CountBody(Take(result.Buffer, keep, out SequencePosition consumed, out HttpFault fault));
            reader.AdvanceTo(consumed, _done ? consumed : result.Buffer.End);
            if (fault.Any) throw new HttpRejection(fault.Status, fault.Reason);
            if (_done) break;
            if (result.IsCompleted) throw new HttpRejection(400, "The request body ended early.");
            if (result.IsCanceled && clock.IsExpired()) throw new HttpRejection(408, "The request body is too slow.");
        }
        _failed = false;
        clock.Enter(ConnectionPhase.Handler);
    }

    private async ValueTask ContinueAsync()
    {
        _continued = true;
        if (reader.TryRead(out ReadResult result))
        {
            bool begun = !result.Buffer.IsEmpty;
            reader.AdvanceTo(result.Buffer.Start);
            if (begun) return;
        }
        await sender.SendAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray());
    }

    // Returns the bytes taken off the wire.
    private long Take(
        in ReadOnlySequence<byte> buffer, bool keep, out SequencePosition consumed, out HttpFault fault)
    {
        long taken = 0;
        fault = default;
        foreach (ReadOnlyMemory<byte> segment in buffer)
        {
            ReadOnlySpan<byte> input = segment.Span;
            while (!input.IsEmpty && !_done && !fault.Any)
            {
                fault = head.Chunked ? TakeChunk(input, keep, out int used) : TakeCounted(input, keep, out used);
                input = input[used..];
                taken += used;
            }
            if (_done || fault.Any) break;
        }
        consumed = buffer.GetPosition(taken);
        return taken;
    }

    private HttpFault TakeChunk(ReadOnlySpan<byte> input, bool keep, out int used)
    {
        ParseStatus status = _chunks.Read(input, out used, out ReadOnlySpan<byte> data);
        if (status == ParseStatus.Rejected) return _chunks.Fault;
        _done = status == ParseStatus.Done;
        return Accept(data, keep, used);
    }

    private HttpFault TakeCounted(ReadOnlySpan<byte> input, bool keep, out int used)
    {
        used = (int)Math.Min(_left, input.Length);
        _left -= used;
        _done = _left == 0;
        return Accept(input[..used], keep, used);
    }

    private HttpFault Accept(ReadOnlySpan<byte> data, bool keep, int wireBytes)
    {
        if (!keep)
        {
            _dropped += wireBytes;
            return _dropped > DrainBytes ? HeadRules.TooLarge(limits) : default;
        }
        if (data.IsEmpty) return default;
        if (_bytes.Length - _length < data.Length && !TryGrow(data.Length))
            return new HttpFault(503, "The server holds too many request bodies at this moment.");
        data.CopyTo(_bytes.AsSpan(_length));
        _length += data.Length;
        return default;
    }

    // Memory follows the bytes that have come, not the length that was announced.
    private bool TryGrow(int more)
    {
        long wanted = Math.Max(_length + (long)more, Math.Max(FirstBytes, _bytes.Length * 2L));
        if (!head.Chunked) wanted = Math.Min(wanted, head.ContentLength);
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(wanted, Array.MaxLength));
        if (!budget.TryTake(larger.Length))
        {
            ArrayPool<byte>.Shared.Return(larger);
            return false;
        }
        int length = _length;
        _bytes.AsSpan(0, length).CopyTo(larger);
        Release();
        _bytes = larger;
        _length = length;
        return true;
    }
}
