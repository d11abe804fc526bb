namespace FastMlx.Chat;

/// <summary>Call ids in the spelling that a template insists on. Depends only on what stands before the call.</summary>
internal static class CallIds
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private const int ShortLength = 9;

    public static Dictionary<string, string> Map(IReadOnlyList<PromptMessage> messages, TemplateCapabilities can)
    {
        var ids = new Dictionary<string, string>();
        if (!can.ShortCallIds && !can.FunctionCallIds)
            return ids;
        foreach (PromptMessage message in messages)
        {
            foreach (ToolCallPart call in message.Calls)
            {
                if (!ids.ContainsKey(call.Id))
                    ids.Add(call.Id, can.ShortCallIds ? Short(call.Id) : $"functions.{call.Name}:{ids.Count}");
            }
        }

        return ids;
    }

    /// <summary>Nine letters and digits: the id itself where it is so, else a hash of it.</summary>
    private static string Short(string id)
    {
        if (id.Length == ShortLength && id.All(char.IsAsciiLetterOrDigit))
            return id;
        ulong hash = 14695981039346656037;
        foreach (char character in id)
            hash = (hash ^ character) * 1099511628211;
        return string.Create(ShortLength, hash, (text, rest) =>
        {
            for (int i = 0; i < text.Length; i++)
            {
                text[i] = Alphabet[(int)(rest % (ulong)Alphabet.Length)];
                rest /= (ulong)Alphabet.Length;
            }
        });
    }
}
