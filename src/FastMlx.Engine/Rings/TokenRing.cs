namespace FastMlx.Engine.Rings;

/// <summary>
/// Bounded single-producer single-consumer ring of token ids in pinned memory. The engine thread writes, the reader
/// of one generation reads; neither ever waits for the other. Where they are wanted, log-probabilities travel beside
/// the tokens, published by the same index.
/// </summary>
internal sealed class TokenRing
{
    private readonly int[] _tokens;
    private readonly TokenLogprob[] _logprobs; // (capacity, stride)
    private readonly int _stride;
    private readonly int _mask;
    private PaddedIndex _head; // Next to read; written by the consumer only.
    private PaddedIndex _tail; // Next to write; written by the producer only. Invariant: 0 <= tail - head <= capacity.

    public TokenRing(int capacity, int logprobs = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        var size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity);
        _tokens = GC.AllocateUninitializedArray<int>(size, pinned: true);
        _mask = size - 1;
        _stride = logprobs;
        _logprobs = logprobs > 0 ? new TokenLogprob[size * logprobs] : [];
    }

    public int Capacity => _tokens.Length;

    /// <summary>Tokens to read, as the caller's side knows it: never less than it may rely on.</summary>
    public int Count
    {
        get
        {
            // Acquire on both: the indices must not be read before what the caller did earlier. The head first: it can
            // only grow afterwards, so the difference is never negative.
            var head = Volatile.Read(ref _head.Value);
            return (int)(Volatile.Read(ref _tail.Value) - head);
        }
    }

    /// <summary>Producer: places that may be written now.</summary>
    public int Room => Capacity - Count;

    /// <summary>Producer: appends one token; false where the ring is full.</summary>
    public bool TryWrite(int token, ReadOnlySpan<TokenLogprob> logprobs = default)
    {
        var tail = _tail.Value;

        // Acquire: the slot must not be written before the consumer's move past it is seen.
        if (tail - Volatile.Read(ref _head.Value) == _tokens.Length)
        {
            return false;
        }

        _tokens[(int)tail & _mask] = token;
        if (_stride > 0)
        {
            logprobs.CopyTo(_logprobs.AsSpan(((int)tail & _mask) * _stride, _stride));
        }

        // Release: the token must be visible before the tail that publishes it.
        Volatile.Write(ref _tail.Value, tail + 1);
        return true;
    }

    /// <summary>
    /// Consumer: takes what is there, at most the destination's length; with its log-probabilities, where
    /// <paramref name="logprobs"/> has room for all of them.
    /// </summary>
    public int Read(Span<int> destination, Span<TokenLogprob> logprobs = default)
    {
        var head = _head.Value;

        // Acquire: tokens must not be read before the tail that publishes them.
        var count = (int)Math.Min(Volatile.Read(ref _tail.Value) - head, destination.Length);
        if (count == 0)
        {
            return 0;
        }

        // [head, wrap) then [0, count - first)
        var start = (int)head & _mask;
        var first = Math.Min(count, _tokens.Length - start);
        _tokens.AsSpan(start, first).CopyTo(destination);
        _tokens.AsSpan(0, count - first).CopyTo(destination[first..]);
        if (!logprobs.IsEmpty)
        {
            _logprobs.AsSpan(start * _stride, first * _stride).CopyTo(logprobs);
            _logprobs.AsSpan(0, (count - first) * _stride).CopyTo(logprobs[(first * _stride)..]);
        }

        // Release: the copies must be done before the producer may see the places as free.
        Volatile.Write(ref _head.Value, head + count);
        return count;
    }
}
