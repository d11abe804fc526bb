using System.Net;
using System.Text.Json;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Message batches: the whole life, a restart in the middle, a cancel.</summary>
public sealed class BatchTests
{
    private const string Path = "/v1/messages/batches";

    [Fact]
    public async Task Batch_RunsToItsEnd()
    {
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer);
        Answer created = await server.PostAsync(Path, Body(Bodies.Messages("one"), """{"model":"m"}"""));
        Assert.Equal("in_progress", created.Json.GetProperty("processing_status").GetString());
        string id = created.Json.GetProperty("id").GetString()!;
        JsonElement ended = await EndedAsync(server, id);
        Assert.Equal(1, ended.GetProperty("request_counts").GetProperty("succeeded").GetInt32());
        Assert.Equal(1, ended.GetProperty("request_counts").GetProperty("errored").GetInt32());
        Answer results = await server.GetAsync(new Uri(ended.GetProperty("results_url").GetString()!).AbsolutePath);
        string[] lines = results.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.Contains(lines, l => l.Contains("\"one\"", StringComparison.Ordinal));
        Assert.Equal(1, (await server.GetAsync(Path)).Json.GetProperty("data").GetArrayLength());
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Delete, $"{Path}/{id}", null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync($"{Path}/{id}")).Status);
    }

    [Fact]
    public async Task Batch_GoesOnAfterARestart()
    {
        string home = TestServer.NewHome();
        string id;
        using var pace = new Pace();
        await using (TestServer first = await TestServer.ScriptedAsync(SayScript.Answer, pace: pace, home: home))
        {
            Answer created = await first.PostAsync(Path, Body(Bodies.Messages("one"), Bodies.Messages("two")));
            id = created.Json.GetProperty("id").GetString()!;
            Answer early = await first.GetAsync($"{Path}/{id}/results");
            Assert.Equal(HttpStatusCode.BadRequest, early.Status);
            pace.Let(1000);
        }

        await using (TestServer second = await TestServer.ScriptedAsync(SayScript.Answer, home: home))
        {
            JsonElement ended = await EndedAsync(second, id);
            Assert.Equal(2, ended.GetProperty("request_counts").GetProperty("succeeded").GetInt32());
        }

        Directory.Delete(home, recursive: true);
    }

    [Fact]
    public async Task CancelledBatch_EndsWithItsRequestsCanceled()
    {
        using var pace = new Pace();
        await using TestServer server = await TestServer.ScriptedAsync(SayScript.Answer, pace: pace);
        Answer created = await server.PostAsync(Path, Body(Bodies.Messages("one"), Bodies.Messages("two")));
        string id = created.Json.GetProperty("id").GetString()!;
        Answer cancelled = await server.PostAsync($"{Path}/{id}/cancel", "{}");
        Assert.Contains(cancelled.Json.GetProperty("processing_status").GetString(), (string[])["canceling", "ended"]);
        pace.Open();
        JsonElement ended = await EndedAsync(server, id);
        Assert.Equal(2, ended.GetProperty("request_counts").GetProperty("canceled").GetInt32());
    }

    private static string Body(params string[] requests) => "{\"requests\":["
        + string.Join(',', requests.Select((r, i) => $"{{\"custom_id\":\"c{i}\",\"params\":{r}}}")) + "]}";

    private static async Task<JsonElement> EndedAsync(TestServer server, string id)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            limit.Token.ThrowIfCancellationRequested();
            Answer answer = await server.GetAsync($"{Path}/{id}");
            if (answer.Json.GetProperty("processing_status").GetString() == "ended")
                return answer.Json;
            await Task.Yield();
        }
    }
}
