using System.Text;
using BenchmarkDotNet.Attributes;
using FastMlx.Api;

namespace FastMlx.Benchmarks;

/// <summary>A request of Claude Code's size and shape: 12 tools, a system text, 20 messages, 50 kB.</summary>
public class MessagesReaderBench
{
    private byte[] _body = [];

    [GlobalSetup]
    public void Setup()
    {
        string text = string.Concat(Enumerable.Repeat("some text of a tool, \\\"quoted\\\" here and there. ", 40));
        const string Schema = """{"type":"object","properties":{"a":{"type":"string"}}}""";
        string tools = string.Join(',', Enumerable.Range(0, 12).Select(i =>
            $$"""{"name":"tool{{i}}","description":"{{text}}","input_schema":{{Schema}}""" + "}"));
        string messages = string.Join(',', Enumerable.Range(0, 20).Select(i =>
            $$"""{"role":"{{(i % 2 == 0 ? "user" : "assistant")}}","content":"{{text[..1000]}}x"}"""));
        _body = Encoding.UTF8.GetBytes(
            $$"""{"model":"m","max_tokens":32000,"stream":true,"system":"{{text}}","tools":[{{tools}}],"""
            + "\"messages\":[" + messages + ",{\"role\":\"user\",\"content\":\"go on\"}]}");
        if (!MessagesReader.TryRead(_body, ReaderOptions.Default, out _, out ApiError? error))
            throw new InvalidOperationException(error.Message);
    }

    [Benchmark]
    public int Read() =>
        MessagesReader.TryRead(_body, ReaderOptions.Default, out MessagesRequest? request, out _)
            ? request.Chat.Messages.Count
            : 0;
}
