namespace FastMlx.Chat;

/// <summary>
/// Receives what a model says, in order, as UTF-8 that never splits a character. Called by one thread; spans live for
/// the call. Invariants: between <see cref="ToolCallBegin"/> and <see cref="ToolCallEnd"/> only
/// <see cref="ToolCallArguments"/> is called, and its pieces joined are one valid JSON object (at least "{}"); no
/// control markup is ever in text, thinking or arguments.
/// </summary>
public interface IChatEventSink
{
    public void Text(ReadOnlySpan<byte> utf8);

    public void Thinking(ReadOnlySpan<byte> utf8);

    /// <param name="name">A tool's name, case-corrected to a declared one where there is one.</param>
    /// <param name="wireId">The id that the model itself wrote (Kimi, Mistral), else null.</param>
    public void ToolCallBegin(string name, string? wireId);

    public void ToolCallArguments(ReadOnlySpan<byte> utf8Json);

    public void ToolCallEnd();

    /// <summary>
    /// Ends a call that the end of the answer cut off: its pieces are no whole JSON object. Only where streaming of
    /// arguments was asked for (<see cref="Output.CallPolicy.StreamsArguments"/>).
    /// </summary>
    public void ToolCallCut() => ToolCallEnd();
}
