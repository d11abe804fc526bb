using System.Text;
using FastMlx.Chat;

namespace FastMlx.Tests.Chat.Output;

/// <summary>Collects events and checks the sink's rules on the way.</summary>
internal sealed class Collector : IChatEventSink
{
    private readonly StringBuilder _content = new();
    private readonly StringBuilder _reasoning = new();
    private readonly List<byte> _arguments = [];
    private (string Name, string? Id)? _open;

    public List<CollectedCall> Calls { get; } = [];

    public List<CollectedCall> CutCalls { get; } = [];

    public int Events { get; private set; }

    public string Content => _content.ToString();

    public string Reasoning => _reasoning.ToString();

    public string? OpenCall => _open?.Name;

    public int OpenArgumentBytes => _arguments.Count;

    public void Text(ReadOnlySpan<byte> utf8) => _content.Append(Characters(utf8));

    public void Thinking(ReadOnlySpan<byte> utf8) => _reasoning.Append(Characters(utf8));

    public void ToolCallBegin(string name, string? wireId)
    {
        if (_open is not null)
            throw new InvalidOperationException("a call begins inside a call");
        _open = (name, wireId);
        _arguments.Clear();
    }

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json) => _arguments.AddRange(utf8Json);

    public void ToolCallEnd()
    {
        Calls.Add(Close());
    }

    public void ToolCallCut() => CutCalls.Add(Close());

    private CollectedCall Close()
    {
        if (_open is not { } call)
            throw new InvalidOperationException("a call ends that has not begun");
        _open = null;
        return new CollectedCall(call.Name, call.Id, Characters([.. _arguments]));
    }

    private string Characters(ReadOnlySpan<byte> utf8)
    {
        if (_open is not null && utf8.Length > 0 && _arguments.Count == 0)
            throw new InvalidOperationException("text inside a call");
        Events++;
        // Throws where a piece splits a character.
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(utf8);
    }
}
