using System.Buffers;
using BenchmarkDotNet.Attributes;
using FastMlx.Http;

namespace FastMlx.Benchmarks;

/// <summary>The head that Claude Code sends with each request, 1.1 kB in 20 fields.</summary>
public class HeadParserBench
{
    private readonly HeadParser _parser = new(new HttpLimits());
    private ReadOnlySequence<byte> _head;

    [GlobalSetup]
    public void Setup()
    {
        string fields = string.Concat(
            Enumerable.Range(0, 18).Select(i => $"X-Stainless-Field-{i}: a value of field {i}, as sent\r\n"));
        string head = "POST /v1/messages?beta=true HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nContent-Length: 48500\r\n"
            + fields + "\r\n";
        _head = new ReadOnlySequence<byte>(System.Text.Encoding.ASCII.GetBytes(head));
    }

    [Benchmark]
    public int Parse()
    {
        _parser.Reset();
        return (int)_parser.Parse(_head, out _);
    }
}
