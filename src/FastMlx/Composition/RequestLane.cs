using FastMlx.Chat;
using FastMlx.Engine;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>
/// How urgent a request is, from its headers and shape: the main conversation before its subagents before titles.
/// </summary>
internal static class RequestLane
{
    public static Lane Of(HttpExchange exchange, ChatRequest chat) =>
        exchange.Header("x-claude-code-agent-id") is not null ? Lane.Subagent
        : chat.ResponseSchemaJson is not null && chat.Tools.Count == 0 && chat.Messages.Count <= 2 ? Lane.Title
        : Lane.Main;

    /// <summary>Claude Code's session, with its agent; null for other clients.</summary>
    public static string? Session(HttpExchange exchange) =>
        exchange.Header("x-claude-code-session-id") is { } session
            ? exchange.Header("x-claude-code-agent-id") is { } agent ? $"{session}/{agent}" : session
            : null;
}
