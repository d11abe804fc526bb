using Microsoft.Extensions.Logging;

namespace FastMlx.Composition;

/// <summary>The server's log lines. None holds a prompt, an answer or a key.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "{line}")]
    public static partial void Say(ILogger log, string line);

    [LoggerMessage(Level = LogLevel.Information, Message = "{line}")]
    public static partial void Answered(ILogger log, string line);

    [LoggerMessage(Level = LogLevel.Error, Message = "{requestId} failed: {reason}")]
    public static partial void AnswerFailed(ILogger log, string requestId, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{requestId}: an endpoint failed")]
    public static partial void EndpointFailed(ILogger log, Exception error, string requestId);

    [LoggerMessage(Level = LogLevel.Information, Message = "Ignoring the unknown request field {name} (said once).")]
    public static partial void UnknownField(ILogger log, string name);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{line}")]
    public static partial void Warn(ILogger log, string line);
}
