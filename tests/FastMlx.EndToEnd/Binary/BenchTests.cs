using System.Text.Json;
using FastMlx.EndToEnd.Host;
using Xunit;

namespace FastMlx.EndToEnd.Binary;

/// <summary>`fastmlx bench` measures what the engine computes, not what an earlier run left.</summary>
public sealed class BenchTests : IDisposable
{
    private readonly string _home = TestServer.NewHome();

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Fact]
    public async Task Bench_LeavesNoPromptsForTheNextRun()
    {
        (int code, string output, string errors) = await FastMlxProcess.RunAsync(
            _home, ["bench", "--json", "--contexts", "600", "--tokens", "2"]);
        Assert.True(code == 0, errors);
        Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(output).RootElement.ValueKind);
        Assert.False(Directory.Exists(Path.Combine(_home, "prefix-cache")), "the prompts are on the disk");
    }
}
