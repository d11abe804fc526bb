using Microsoft.Extensions.Logging;

namespace FastMlx.Http;

/// <summary>What all connections of a server share.</summary>
internal sealed class ServerContext(HttpServerOptions options, RequestHandler handler, ILogger logger)
{
    private volatile bool _draining;

    public HttpServerOptions Options => options;

    public HttpLimits Limits => options.Limits;

    public TimeProvider Time => options.Time;

    public RequestHandler Handler => handler;

    public ILogger Logger => logger;

    public HttpDate Date { get; } = new(options.Time);

    public BodyBudget Budget { get; } = new(options.Limits.TotalBodyBytes);

    /// <summary>Set once: answers say that the connection closes, and idle connections do.</summary>
    public bool IsDraining
    {
        get => _draining;
        set => _draining = value;
    }
}
