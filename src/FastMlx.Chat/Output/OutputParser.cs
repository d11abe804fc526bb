using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// Reads one answer of a model as events. Feed it the text in any pieces that split no character, then finish it; the
/// events joined are the same for any pieces. One owner, one thread.
/// </summary>
public sealed class OutputParser
{
    private readonly OutputSession _session;
    private readonly Flow<bool> _run;

    /// <summary>Begins an answer; <paramref name="isThinking"/>: the prompt has opened a reasoning block.</summary>
    public OutputParser(
        OutputFormat format, ToolSchemas tools, IChatEventSink sink, CallPolicy policy, bool isThinking)
    {
        _session = new OutputSession(format, tools, sink, policy);
        _run = format.Channels is { } channels
            ? channels(_session, isThinking)
            : new OutputMachine(_session).RunAsync(isThinking);
    }

    /// <summary>Calls delivered.</summary>
    public int CallCount => _session.Calls.Count;

    /// <summary>The answer has as many calls as were wanted: nothing after them is.</summary>
    public bool IsFull => _session.Calls.IsFull;

    /// <summary>What is being written is reasoning.</summary>
    public bool IsThinking => _session.Text.IsThinking;

    /// <summary>
    /// Reasoning was closed that had not been opened: the prompt had done so and the reader was not told.
    /// </summary>
    public bool HasStrayClose => _session.HasStrayClose;

    public TruncatedCall? TruncatedCall => _session.Calls.Truncated;

    public void Feed(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
            return;
        _session.Reader.Append(utf8);
        Check();
    }

    public void Feed(string text) => Feed(Encoding.UTF8.GetBytes(text));

    /// <summary>No more comes. <paramref name="isTruncated"/>: a limit ended the answer, not the model.</summary>
    public void Finish(bool isTruncated)
    {
        _session.IsTruncated = isTruncated;
        _session.Reader.Finish();
        Check();
        if (!_run.IsCompleted)
            throw new InvalidOperationException("The parser waits for text after the end of the answer.");
    }

    private void Check()
    {
        if (_run.IsCompleted)
            _run.GetResult();
    }
}
