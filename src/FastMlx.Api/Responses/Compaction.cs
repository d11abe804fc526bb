using System.Buffers;
using System.Text;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// POST /v1/responses/compact: a conversation becomes its user messages and one item that stands for the rest. The item
/// is opaque to clients; here it holds a summary, so that it also lives through a restart.
/// </summary>
public static class Compaction
{
    private const string Mark = "fastmlx-summary-1.";

    private const string Wish =
        "Write a summary of the whole conversation above, for someone who has to go on with it and will not see it. "
        + "Keep the goal, decisions and their reasons, names of files and functions, what was tried, what is open, and "
        + "exact values that matter. Answer with the summary only.";

    /// <summary>The same conversation with the wish for its summary at the end.</summary>
    public static ChatRequest Ask(ResponsesRequest request) => request.Chat with
    {
        Messages = [.. request.Chat.Messages, ChatMessage.OfText(ChatRole.User, Wish)],
        ToolChoice = ToolChoice.None,
        Thinking = new ThinkingOptions(false),
        ResponseSchemaJson = null,
    };

    /// <summary>What a compaction item that comes back stands for; null where it is not ours.</summary>
    public static string? Read(string content)
    {
        if (!content.StartsWith(Mark, StringComparison.Ordinal))
            return null;
        byte[] bytes = new byte[content.Length];
        return Convert.TryFromBase64String(content[Mark.Length..], bytes, out int length)
            ? "Summary of the conversation so far:\n" + Encoding.UTF8.GetString(bytes, 0, length)
            : null;
    }

    public static void Write(
        IBufferWriter<byte> output,
        IdSource ids,
        long created,
        ResponsesRequest request,
        string summary,
        in ReplyUsage usage)
    {
        string content = Mark + Convert.ToBase64String(Encoding.UTF8.GetBytes(summary));
        output.Raw("{\"id\":"u8).Text(ids.Response()).Raw(",\"object\":\"response.compaction\",\"created_at\":"u8)
            .Number(created).Raw(",\"output\":["u8);
        foreach (string message in request.UserItems)
            output.Json(message).Raw(","u8);
        output.Raw("{\"id\":"u8).Text(ids.Next("cmp_")).Raw(",\"type\":\"compaction\",\"encrypted_content\":"u8)
            .Text(content).Raw("}],\"usage\":"u8);
        ResponseFields.WriteUsage(output, usage);
        output.Raw("}"u8);
    }
}
