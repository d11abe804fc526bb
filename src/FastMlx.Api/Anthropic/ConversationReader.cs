using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// `system` and `messages` of one body → the conversation. Keeps the order of everything; leaves out what must not
/// reach a prompt (the billing line, cleared messages, empty texts). One use.
/// </summary>
internal sealed class ConversationReader(ReadContext context, string model, ToolsReader.Result tools)
{
    private const string BillingLine = "x-anthropic-billing-header:";

    private readonly BlockReader _blocks = new(context, model, tools);
    private readonly List<ChatMessage> _messages = [];

    public IReadOnlyList<ChatMessage> Messages { get; private set; } = [];

    public bool ContinuesFinalMessage { get; private set; }

    public IReadOnlyList<AppliedEdit> AppliedEdits { get; private set; } = [];

    /// <summary>The last effort that a system message set, or null.</summary>
    public string? Effort { get; private set; }

    public IReadOnlyList<string> RemovedTools => [.. _blocks.Removed];

    /// <summary>The first text of the last user message that has one, or empty.</summary>
    public string LastUserText
    {
        get
        {
            for (int i = Messages.Count - 1; i >= 0; i--)
            {
                if (Messages[i].Role == ChatRole.User
                    && Messages[i].Parts.OfType<TextPart>().FirstOrDefault() is { } part)
                    return part.Text;
            }
            return "";
        }
    }

    public void Read(JsonValue body)
    {
        ReadSystem(body["system"u8]);
        ReadMessages(body["messages"u8]);
        List<ChatMessage> repaired = ToolPairs.Repair(_messages);
        AppliedEdits = ContextEdits.Apply(body["context_management"u8], repaired, context);
        Messages = repaired;
        ContinuesFinalMessage = Messages is [.., { Role: ChatRole.Assistant }];
    }

    private void ReadSystem(JsonValue system)
    {
        var parts = new List<ContentPart>();
        if (system.IsString)
            AddText(parts, WithoutBilling(system.Text));
        else if (system.IsArray)
            ReadSystemBlocks(system, parts);
        else if (!system.IsNull)
            context.Problems.Add("system", "Input should be a valid string or list of text blocks");
        AddText(parts, ServerTools.Note(tools.Unavailable) ?? "");
        if (parts.Count > 0)
            _messages.Add(new ChatMessage(ChatRole.System, parts));
    }

    private void ReadSystemBlocks(JsonValue system, List<ContentPart> parts)
    {
        int index = 0;
        foreach (JsonValue block in system.Items)
        {
            string path = $"system.{index++}";
            if (!block["type"u8].TextEquals("text"u8))
                context.Wrong(path + ".type", block["type"u8], "Input should be 'text'");
            context.CheckNames(block, path, "system", KnownFields.Text);
            context.NoteCacheMark(block);
            AddText(parts, WithoutBilling(context.RequiredText(block, "text"u8, path + ".text") ?? ""));
        }
    }

    private void ReadMessages(JsonValue list)
    {
        if (!list.IsArray)
        {
            context.Wrong("messages", list, "Input should be a valid list");
            return;
        }
        int count = list.CountItems();
        if (count == 0)
            context.Problems.Add("messages", "at least one message is required");
        if (count > context.Limits.Messages)
        {
            context.Problems.Add("messages", $"List should have at most {context.Limits.Messages} items");
            return;
        }
        int lastUser = LastUserIndex(list);
        int index = 0;
        foreach (JsonValue item in list.Items)
        {
            ReadMessage(item, index, isCleared: index < lastUser
                && item["clear_at"u8].TextEquals("next_user_message"u8));
            index++;
        }
    }

    private static int LastUserIndex(JsonValue list)
    {
        int last = -1, index = 0;
        foreach (JsonValue item in list.Items)
        {
            if (item["role"u8].TextEquals("user"u8))
                last = index;
            index++;
        }
        return last;
    }

    private void ReadMessage(JsonValue item, int index, bool isCleared)
    {
        string path = $"messages.{index}";
        if (!item.IsObject)
        {
            context.Problems.Add(path, "Input should be a valid dictionary");
            return;
        }
        context.CheckNames(item, path, "messages", KnownFields.Message);
        if (ReadRole(item["role"u8], path) is not { } role)
            return;
        if (role == ChatRole.System && item["output_config"u8].IsObject)
            Effort = OutputConfig.ReadEffort(item["output_config"u8], path + ".output_config.effort", context)
                ?? Effort;
        List<ContentPart> parts = ReadContent(item["content"u8], role, path);
        // A summary made on the server's side stands for everything before it.
        if (_blocks.TakeCompaction() is { } summary)
            Restart(summary);
        // Empty user turns stay, since dropping one would join two answers.
        if (!isCleared && (parts.Count > 0 || role == ChatRole.User))
            _messages.Add(new ChatMessage(role, parts));
    }

    private void Restart(string summary)
    {
        ChatMessage? head = _messages is [{ Role: ChatRole.System } first, ..] ? first : null;
        _messages.RemoveAll(message => message != head);
        _messages.Add(ChatMessage.OfText(ChatRole.User, summary));
    }

    private List<ContentPart> ReadContent(JsonValue content, ChatRole role, string path)
    {
        if (content.IsString)
        {
            string text = role == ChatRole.System ? WithoutBilling(content.Text) : content.Text;
            return text.Length > 0 ? [new TextPart(text)] : [];
        }
        if (content.IsArray)
            return ReadBlocks(content, role, path);
        context.Wrong(path + ".content", content, "Input should be a valid list");
        return [];
    }

    private List<ContentPart> ReadBlocks(JsonValue content, ChatRole role, string path)
    {
        var parts = new List<ContentPart>();
        int index = 0;
        foreach (JsonValue block in content.Items)
            _blocks.Read(block, role, $"{path}.content.{index++}", parts);
        if (role == ChatRole.System)
            parts.RemoveAll(part => part is TextPart text && WithoutBilling(text.Text).Length == 0);
        return parts;
    }

    private ChatRole? ReadRole(JsonValue role, string path)
    {
        if (role.TextEquals("user"u8))
            return ChatRole.User;
        if (role.TextEquals("assistant"u8))
            return ChatRole.Assistant;
        if (role.TextEquals("system"u8))
            return ChatRole.System;
        context.Wrong(path + ".role", role, "Input should be 'user', 'assistant' or 'system'");
        return null;
    }

    // Claude Code's first system block differs from session to session and would cost every prefix.
    private static string WithoutBilling(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith(BillingLine, StringComparison.OrdinalIgnoreCase))
            return text;
        int end = text.TrimEnd().IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? "" : text[(end + 1)..];
    }

    private static void AddText(List<ContentPart> parts, string text)
    {
        if (text.Length > 0)
            parts.Add(new TextPart(text));
    }
}
