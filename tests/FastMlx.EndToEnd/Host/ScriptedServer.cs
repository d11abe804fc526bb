using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Host;

/// <summary>One server that says what it is told to, shared by the tests of a class.</summary>
public sealed class ScriptedServer : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.ScriptedAsync(SayScript.Answer);

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
