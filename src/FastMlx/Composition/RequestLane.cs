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

    /// <summary>Claude Code's session with its agent, else what the body names, else null.</summary>
    /// <param name="exchange">The request; its headers are the better source.</param>
    /// <param name="named">The session or cache key in the body.</param>
    public static string? Session(HttpExchange exchange, string? named)
    {
        string? session = exchange.Header("x-claude-code-session-id") ?? named;
        return session is not null && exchange.Header("x-claude-code-agent-id") is { } agent
            ? $"{session}/{agent}"
            : session;
    }
}
