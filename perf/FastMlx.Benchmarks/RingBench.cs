using BenchmarkDotNet.Attributes;
using FastMlx.Engine.Rings;

namespace FastMlx.Benchmarks;

/// <summary>The hand-over between threads, one thread at both ends: the cost of a token and of a request.</summary>
public class RingBench
{
    private readonly TokenRing _tokens = new(1024);
    private readonly RequestRing<object> _requests = new(64);
    private readonly object _request = new();
    private readonly int[] _read = new int[64];

    [Benchmark]
    public int Token()
    {
        _tokens.TryWrite(42);
        return _tokens.Read(_read);
    }

    [Benchmark]
    public int Request()
    {
        _requests.TryWrite(_request);
        return _requests.TryRead(out _) ? 1 : 0;
    }
}
