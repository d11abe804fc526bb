using System.Net;
using System.Text;
using FastMlx.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMlx.Tests.Http;

/// <summary>A server on a free loopback port with a small application behind it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly HttpServer _server;

    public TestServer(RequestHandler? handler = null, HttpServerOptions? options = null)
    {
        options ??= new HttpServerOptions();
        _server = new HttpServer(options with { Port = 0 }, handler ?? EchoAsync, NullLogger.Instance);
        _server.Start();
    }

    public HttpServer Server => _server;

    public IPEndPoint EndPoint => _server.LocalEndPoints[0];

    public string Authority => EndPoint.ToString();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    public Task<TestClient> ConnectAsync() => TestClient.ConnectAsync(EndPoint);

    /// <summary>"METHOD path?query body".</summary>
    public static async Task EchoAsync(HttpExchange exchange)
    {
        ReadOnlyMemory<byte> body = await exchange.ReadBodyAsync();
        string query = exchange.Query.Length > 0 ? "?" + exchange.Query : "";
        string text = $"{exchange.Method} {exchange.Path}{query} {Encoding.Latin1.GetString(body.Span)}";
        await exchange.RespondAsync(200, "text/plain", Encoding.Latin1.GetBytes(text));
    }
}
