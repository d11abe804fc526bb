using System.Text.RegularExpressions;

namespace FastMlx.EndToEnd.Scripted;

/// <summary>
/// Answers the markers of the Claude Code outcome tests (plain answer, edit loop, structured output, subagents) as a
/// capable model would, in the demo model's own tool-call syntax.
/// </summary>
internal static partial class ClaudeScript
{
    public static string Answer(string prompt)
    {
        int results = Regex.Count(prompt, "<tool_response>");
        string folder = WorkingDirectory().Match(prompt) is { Success: true } match ? match.Groups[1].Value.Trim() : ".";
        if (prompt.Contains("E2E-PONG", StringComparison.Ordinal))
            return "PONG";
        if (prompt.Contains("E2E-STRUCT", StringComparison.Ordinal))
            return results > 0 ? "done" : Call("StructuredOutput", """{"city": "Paris", "population": 2100000}""");
        if (prompt.Contains("E2E-AGENTS", StringComparison.Ordinal))
            return results > 0 ? "AGENTS-DONE" : string.Join('\n', Enumerable.Range(1, 3).Select(Agent));
        if (prompt.Contains("E2E-SUBTASK", StringComparison.Ordinal))
            return "SUB-OK";
        return prompt.Contains("E2E-EDIT", StringComparison.Ordinal) ? Edit(results, folder) : "ok";
    }

    private static string Edit(int results, string folder) => results switch
    {
        0 => Call("Read", $$"""{"file_path": "{{folder}}/a.txt"}"""),
        1 => Call("Edit", $$"""{"file_path": "{{folder}}/a.txt", "old_string": "beta", "new_string": "BETA"}"""),
        2 => Call("Bash", """{"command": "wc -l < a.txt > count.txt", "description": "count"}""") + "\n"
            + Call("Write", $$"""{"file_path": "{{folder}}/b.txt", "content": "new\n"}"""),
        _ => "EDIT-DONE",
    };

    private static string Agent(int number) => Call(
        "Agent",
        $$"""{"description": "sub{{number}}", "prompt": "E2E-SUBTASK {{number}}", "subagent_type": "general-purpose", "run_in_background": false}""");

    private static string Call(string name, string arguments) =>
        $"<tool_call>\n{{\"name\": \"{name}\", \"arguments\": {arguments}}}\n</tool_call>";

    [GeneratedRegex(@"Primary working directory: ([^\n]+)")]
    private static partial Regex WorkingDirectory();
}
