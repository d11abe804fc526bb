using FastMlx.Chat;
using FastMlx.Chat.Output;

namespace FastMlx.Tests.Chat.Output;

/// <summary>A few tools with schemas of different kinds.</summary>
internal static class SampleTools
{
    public static readonly ToolSchemas All = ToolSchemas.Compile(
    [
        new ToolDefinition("Bash", "", """
            {"type":"object","properties":{"command":{"type":"string"},"timeout":{"type":"number"},
             "flag":{"type":"boolean"}},"required":["command"]}
            """),
        new ToolDefinition("Write", "", """
            {"type":"object","properties":{"file_path":{"type":"string"},"content":{"type":"string"}},
             "required":["file_path","content"],"additionalProperties":false}
            """),
        new ToolDefinition("MultiEdit", "", """
            {"type":"object","properties":{"file_path":{"type":"string"},
             "edits":{"type":"array","items":{"type":"object","properties":{"old":{"type":"string"}}}}},
             "required":["file_path","edits"]}
            """),
        new ToolDefinition("ping", "", """{"type":"object","properties":{}}"""),
    ]);
}
