namespace FastMlx.Chat.Output;

/// <summary>
/// Stands before the real sink: ends the visible text at the first stop sequence, of which not even the first bytes are
/// let through, and drops reasoning that nobody asked for.
/// </summary>
internal sealed class StopFilter(IReadOnlyList<string> stopSequences, bool showsThinking) : IChatEventSink
{
    private readonly StopMatcher? _matcher = stopSequences.Count == 0 ? null : new StopMatcher(stopSequences);
    private readonly Utf8Text _held = new();

    public IChatEventSink Target { get; set; } = null!;

    /// <summary>The sequence that was met, or null; everything after it is dropped.</summary>
    public string? Met { get; private set; }

    public int CallCount { get; private set; }

    public void Text(ReadOnlySpan<byte> utf8)
    {
        if (Met is not null)
            return;
        if (_matcher is null)
        {
            Target.Text(utf8);
            return;
        }
        int end = _matcher.Find(utf8, out int sequence);
        if (end >= 0)
        {
            Met = stopSequences[sequence];
            int kept = _held.Length + end - _matcher.LengthOf(sequence);
            Release(utf8[..end], kept);
            _held.Clear();
            return;
        }
        Release(utf8, _held.Length + utf8.Length - _matcher.OpenBytes);
    }

    public void Thinking(ReadOnlySpan<byte> utf8)
    {
        if (Met is not null || !showsThinking)
            return;
        Flush();
        Target.Thinking(utf8);
    }

    public void ToolCallBegin(string name, string? wireId)
    {
        if (Met is not null)
            return;
        Flush();
        Target.ToolCallBegin(name, wireId);
    }

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json)
    {
        if (Met is null)
            Target.ToolCallArguments(utf8Json);
    }

    public void ToolCallEnd()
    {
        if (Met is not null)
            return;
        CallCount++;
        Target.ToolCallEnd();
    }

    public void ToolCallCut()
    {
        if (Met is null)
            Target.ToolCallCut();
    }

    /// <summary>Lets through what is held: no stop sequence goes on across other events or the end.</summary>
    public void Flush()
    {
        if (_held.Length > 0)
            Target.Text(_held.Span);
        _held.Clear();
        _matcher?.Reset();
    }

    /// <summary>
    /// Lets the first <paramref name="count"/> bytes of what is held and fresh through, and holds the rest.
    /// </summary>
    private void Release(ReadOnlySpan<byte> fresh, int count)
    {
        int fromHeld = Math.Min(count, _held.Length);
        if (fromHeld > 0)
        {
            Target.Text(_held.Span[..fromHeld]);
            _held.Drop(fromHeld);
        }
        int fromFresh = count - fromHeld;
        if (fromFresh > 0)
            Target.Text(fresh[..fromFresh]);
        _held.Append(fresh[fromFresh..]);
    }
}
