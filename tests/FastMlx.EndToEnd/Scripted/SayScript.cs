namespace FastMlx.EndToEnd.Scripted;

/// <summary>Answers what the last `SAY[[…]]` of the prompt holds, so that each test writes its own model.</summary>
internal static class SayScript
{
    private const string Open = "SAY[[";

    public static string Answer(string prompt)
    {
        int start = prompt.LastIndexOf(Open, StringComparison.Ordinal);
        if (start < 0)
            return "ok";
        int end = prompt.IndexOf("]]", start, StringComparison.Ordinal);
        return prompt[(start + Open.Length)..end];
    }

    public static string Say(string answer) => Open + answer + "]]";

    public static string Call(string name, string arguments) =>
        $"<tool_call>\n{{\"name\": \"{name}\", \"arguments\": {arguments}}}\n</tool_call>";
}
