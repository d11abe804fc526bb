using FastMlx.Api;
using FastMlx.Chat;

namespace FastMlx.Composition;

/// <summary>A response that clients may ask for again and go on from.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Body">The response object as it was sent.</param>
/// <param name="Request">What was asked, its predecessors' messages included.</param>
/// <param name="Answer">The answer as a message.</param>
internal sealed record StoredResponse(string Id, byte[] Body, ResponsesRequest Request, ChatMessage Answer)
{
    /// <summary>The conversation to go on with; instructions are each request's own.</summary>
    public IReadOnlyList<ChatMessage> Conversation
    {
        get
        {
            IReadOnlyList<ChatMessage> messages = Request.Chat.Messages;
            bool hasHead = messages is [{ Role: ChatRole.System }, ..] && !string.IsNullOrEmpty(Request.Instructions);
            return [.. messages.Skip(hasHead ? 1 : 0), Answer];
        }
    }

    /// <summary>About what it takes in memory; the texts of shared predecessors are counted in each.</summary>
    public long Bytes => Body.Length + Request.InputItems.Sum(item => 2L * item.Length);
}
