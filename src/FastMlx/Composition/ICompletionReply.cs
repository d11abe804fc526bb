using FastMlx.Api;

namespace FastMlx.Composition;

/// <summary>A reply of several choices, one after another.</summary>
internal interface ICompletionReply : IReply
{
    /// <param name="choice">Its index.</param>
    /// <param name="echo">The prompt, where it is to be given back.</param>
    public void Begin(int choice, string? echo);

    /// <summary>All choices are written.</summary>
    public ValueTask EndAsync(in ReplyUsage total);
}
