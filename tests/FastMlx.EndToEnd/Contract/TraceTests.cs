using System.Text.Json;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using FastMlx.Tests.Http;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>TRACE_DIR: what is written for each kind of request, and that it can be run again.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly string _folder = Path.Combine(TestServer.NewHome(), "traces");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    private Task<TestServer> StartAsync(string? home = null) =>
        TestServer.ScriptedAsync(SayScript.Answer, o => o with { TraceDirectory = _folder }, home: home);

    private string[] Traces => Directory.Exists(_folder) ? [.. Directory.GetDirectories(_folder).Order()] : [];

    private static string Read(string trace, string name) => File.ReadAllText(Path.Combine(trace, name));

    private static int[] Tokens(string trace, string name) => JsonSerializer.Deserialize<int[]>(Read(trace, name))!;

    [Fact]
    public async Task StreamedMessage_IsThereByteForByte_AndRunsAgain()
    {
        await using TestServer server = await StartAsync();
        Answer answer = await server.PostAsync("/v1/messages", Bodies.Messages("hello there", stream: true));
        string trace = Assert.Single(Traces);
        Assert.EndsWith(answer.Header("request-id")!, trace, StringComparison.Ordinal);
        Assert.Equal(answer.Text, Read(trace, "events.sse"));
        Assert.Contains("SAY[[hello there]]", Read(trace, "prompt.txt"), StringComparison.Ordinal);
        Assert.Equal("hello there", Read(trace, "raw.txt"));
        Assert.Contains("reused 0 of", Read(trace, "cache.txt"), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(trace, "answer.json")));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(trace) & (UnixFileMode)0x3f);
            Assert.All(Directory.GetFiles(trace), f => Assert.Equal(UnixFileMode.None, File.GetUnixFileMode(f) & (UnixFileMode)0x3f));
        }

        // The traced ids are the prompt: as a completion they give the traced answer.
        string prompt = Read(trace, "prompt-tokens.json");
        Answer again = await server.PostAsync(
            "/v1/completions", $$"""{"model":"m","prompt":{{prompt}},"max_tokens":50}""");
        Assert.Equal("hello there", again.Json.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.Equal(Tokens(trace, "raw-tokens.json"), Tokens(Traces.Last(), "raw-tokens.json"));
    }

    [Theory]
    [InlineData("/v1/messages")]
    [InlineData("/v1/chat/completions")]
    public async Task WholeAnswer_IsItsBody(string path)
    {
        await using TestServer server = await StartAsync();
        Answer answer = await server.PostAsync(
            path, path == "/v1/messages" ? Bodies.Messages("whole") : Bodies.Chat("whole"));
        string trace = Assert.Single(Traces);
        Assert.Equal(answer.Text, Read(trace, "answer.json"));
        Assert.Equal("whole", Read(trace, "raw.txt"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Completion_HasATraceForEachPrompt(bool stream)
    {
        await using TestServer server = await StartAsync();
        const string One = "SAY[[one]]<|im_start|>assistant\\n", Two = "SAY[[two]]<|im_start|>assistant\\n";
        Answer answer = await server.PostAsync(
            "/v1/completions",
            $$"""{"model":"m","prompt":["{{One}}","{{Two}}"],"max_tokens":20,"stream":{{(stream ? "true" : "false")}}}""");
        string[] traces = Traces;
        Assert.Equal(2, traces.Length);
        Assert.Equal(answer.Text, Read(traces[0], stream ? "events.sse" : "answer.json"));
        Assert.Equal(["one", "two"], traces.Select(t => Read(t, "raw.txt")));
        Assert.Equal(["SAY[[one]]<|im_start|>assistant\n", "SAY[[two]]<|im_start|>assistant\n"], traces.Select(t => Read(t, "prompt.txt")));
    }

    [Fact]
    public async Task Batch_HasATraceForEachRequest()
    {
        await using TestServer server = await StartAsync();
        string body = $$"""
            {"requests":[{"custom_id":"a","params":{{Bodies.Messages("first")}}},{"custom_id":"b","params":{{Bodies.Messages("second")}}}]}
            """;
        string id = (await server.PostAsync("/v1/messages/batches", body)).Json.GetProperty("id").GetString()!;
        await Eventually.HoldsAsync(async () => (await server.GetAsync($"/v1/messages/batches/{id}"))
            .Json.GetProperty("processing_status").GetString() == "ended");
        Assert.Equal(["first", "second"], Traces.Select(t => Read(t, "raw.txt")).Order());
        Assert.All(Traces, t => Assert.Equal("message", JsonDocument.Parse(Read(t, "answer.json")).RootElement.Type()));
    }

    [Fact]
    public async Task RefusedRequest_LeavesNothing_AndAFullDiskCostsTheTraceOnly()
    {
        await using TestServer server = await StartAsync();
        await server.PostAsync("/v1/messages", """{"model":"m"}""");
        Assert.Empty(Traces);
        Directory.CreateDirectory(Path.GetDirectoryName(_folder)!);
        await File.WriteAllTextAsync(_folder, "a file is in the way");
        Answer answer = await server.PostAsync("/v1/messages", Bodies.Messages("still"));
        Assert.Equal("still", answer.Json.GetProperty("content")[0].GetProperty("text").GetString());
        File.Delete(_folder);
    }
}
