using System.Text;

namespace FastMlx.Http;

/// <summary>Where to listen and how to answer what the handler never sees.</summary>
public sealed record HttpServerOptions
{
    /// <summary>An address, or "localhost" (both loopbacks). 0.0.0.0 also listens on [::1]; :: is dual-mode.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>0 lets the system choose; see <see cref="HttpServer.LocalEndPoints"/>.</summary>
    public int Port { get; init; }

    public int Backlog { get; init; } = 512;

    public HttpLimits Limits { get; init; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ErrorFormatter FormatError { get; init; } = PlainText;

    private static HttpErrorBody PlainText(string path, int status, string reason) =>
        new("text/plain; charset=utf-8", Encoding.UTF8.GetBytes(reason + "\n"));
}
