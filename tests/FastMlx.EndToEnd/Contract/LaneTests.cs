using FastMlx.Composition;
using FastMlx.Composition.Models;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using FastMlx.Engine;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Sessions and agents of Claude Code are told apart by their headers.</summary>
public sealed class LaneTests
{
    [Fact]
    public async Task Headers_MakeTheLaneAndTheSession()
    {
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer);
        await server.PostAsync("/v1/messages", Bodies.Messages("a"), ("x-claude-code-session-id", "s1"));
        await server.PostAsync(
            "/v1/messages", Bodies.Messages("b"), ("x-claude-code-session-id", "s1"), ("x-claude-code-agent-id", "a7"));
        ServedModel model = server.Server.Models.Find("m")!;
        using ModelLease<LoadedModel> lease = await server.Server.Models.RentAsync(model, CancellationToken.None);
        IReadOnlyList<RecentRequest> recent = lease.Model.Generator.Recent();
        Assert.Equal([("s1/a7", Lane.Subagent), ("s1", Lane.Main)], recent.Select(r => (r.Session!, r.Lane)));
    }
}
