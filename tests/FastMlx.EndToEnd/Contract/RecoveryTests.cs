using System.Diagnostics;
using System.Net;
using FastMlx.Composition;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>A client's view of an engine that fails or hangs.</summary>
public sealed class RecoveryTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task AModelThatFails_EndsWithAnError_AndAnswersAgainWithinThreeSeconds()
    {
        bool isBroken = true;
        await using TestServer server = await TestServer.ScriptedAsync(prompt =>
            Volatile.Read(ref isBroken) ? throw new InvalidOperationException("broken model") : SayScript.Answer(prompt));
        for (int i = 0; i < 3; i++)
        {
            Answer failed = await server.PostAsync("/v1/messages", Bodies.Messages("x", stream: true));
            Assert.Contains("event: error", failed.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("message_stop", failed.Text, StringComparison.Ordinal);
        }

        Volatile.Write(ref isBroken, false);
        long start = Stopwatch.GetTimestamp();
        Answer answer = await server.PostAsync("/v1/messages", Bodies.Messages("fine"));
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Contains("fine", answer.Text, StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 3);
        Answer stats = await server.GetAsync("/stats");
        Assert.True(stats.Json.GetProperty("engine").GetProperty("restarts").GetInt32() > 0, stats.Text);
    }

    [Fact]
    public async Task AStuckStep_EndsWithAnError_AndTheServerAnswersAgain()
    {
        using var release = new ManualResetEventSlim();
        bool isStuck = true;
        await using TestServer server = await TestServer.ScriptedAsync(
            prompt =>
            {
                if (Volatile.Read(ref isStuck))
                    release.Wait(Patience);
                return SayScript.Answer(prompt);
            },
            limits: options => options with { StuckStepMs = 300, StuckFirstStepMs = 300 });
        Answer failed = await server.PostAsync("/v1/messages", Bodies.Messages("x", stream: true));
        Volatile.Write(ref isStuck, false);
        Assert.Contains("event: error", failed.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", failed.Text, StringComparison.Ordinal);
        Answer answer = await server.PostAsync("/v1/messages", Bodies.Messages("fine"));
        Assert.Contains("fine", answer.Text, StringComparison.Ordinal);
        release.Set();
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/health")).Status);
    }

    [Fact]
    public async Task Health_WithoutAnEngine_Is503_AndSaysWhy()
    {
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer);
        LoadedModel model = server.Server.Models.Look(server.Server.Models.Main).Model!;
        await model.DisposeAsync();
        Answer health = await server.GetAsync("/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.Status);
        Assert.Equal("stopped", health.Json.GetProperty("state").GetString());
    }
}
