using System.Text;

namespace FastMlx.Chat;

/// <summary>Tools for templates that know none: the syntax that most models have met, as plain text.</summary>
internal static class GenericTools
{
    public static string Describe(IReadOnlyList<ToolDefinition> tools)
    {
        var text = new StringBuilder(
            "# Tools\n\nYou may call one or more functions to assist with the user query.\n\n"
            + "You are provided with function signatures within <tools></tools> XML tags:\n<tools>");
        foreach (ToolDefinition tool in tools)
        {
            if (!tool.Deferred)
                text.Append('\n').Append(PromptVariables.ToolText(tool));
        }

        return text.Append(
            "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
            + "<tool_call></tool_call> XML tags:\n<tool_call>\n"
            + "{\"name\": <function-name>, \"arguments\": <args-json-object>}\n</tool_call>").ToString();
    }

    public static string WithCalls(string text, IReadOnlyList<ToolCallPart> calls)
    {
        var whole = new StringBuilder(text);
        foreach (ToolCallPart call in calls)
        {
            if (whole.Length > 0)
                whole.Append('\n');
            whole.Append("<tool_call>\n{\"name\": \"").Append(call.Name).Append("\", \"arguments\": ")
                .Append(call.ArgumentsJson).Append("}\n</tool_call>");
        }

        return whole.ToString();
    }

    public static string Result(string text) => $"<tool_response>\n{text}\n</tool_response>";
}
