using Xunit;

namespace FastMlx.EndToEnd.Host;

/// <summary>One server with the embedded model, shared by the tests of a class.</summary>
public sealed class DemoServer : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.DemoAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
