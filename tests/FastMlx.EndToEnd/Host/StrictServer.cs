using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Host;

/// <summary>A server that refuses what the hosted API would refuse; its model is called m.</summary>
public sealed class StrictServer : IAsyncLifetime
{
    internal TestServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await TestServer.ScriptedAsync(
        SayScript.Answer, o => o with { ContextLength = 512, Strict = true, ModelAliases = [("m", "scripted")] });

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
