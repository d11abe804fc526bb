using Microsoft.Extensions.Logging;

namespace FastMlx.Http;

internal static partial class HttpLog
{
    [LoggerMessage(1, LogLevel.Error, "The handler of {Method} {Path} failed.")]
    public static partial void HandlerFailed(ILogger logger, Exception error, string method, string path);

    [LoggerMessage(2, LogLevel.Error, "The handler of {Method} {Path} gave no answer.")]
    public static partial void NoAnswer(ILogger logger, string method, string path);

    [LoggerMessage(3, LogLevel.Error, "A connection failed.")]
    public static partial void ConnectionFailed(ILogger logger, Exception error);

    [LoggerMessage(4, LogLevel.Debug, "A request was rejected with {Status}: {Reason}")]
    public static partial void Rejected(ILogger logger, int status, string reason);

    [LoggerMessage(5, LogLevel.Warning, "Accepting a connection failed ({Error}); trying again in {DelayMs} ms.")]
    public static partial void AcceptFailed(ILogger logger, string error, int delayMs);

    [LoggerMessage(6, LogLevel.Warning, "{Connections} connections are open; further ones are answered 503.")]
    public static partial void Full(ILogger logger, int connections);

    [LoggerMessage(7, LogLevel.Debug, "A send made no progress; the connection is cut.")]
    public static partial void WriteStalled(ILogger logger);

    [LoggerMessage(8, LogLevel.Error, "A callback of a request's cancellation failed.")]
    public static partial void CancelFailed(ILogger logger, Exception error);
}
