namespace FastMlx.Cli.Talk;

/// <summary>A tool call of an answer; its input as JSON.</summary>
internal sealed record ToolCall(string Id, string Name, string Input);
