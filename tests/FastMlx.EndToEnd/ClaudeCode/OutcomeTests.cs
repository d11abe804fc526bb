using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using FastMlx.Tests;
using Xunit;

namespace FastMlx.EndToEnd.ClaudeCode;

/// <summary>
/// The real CLI's outcome tests (../shared/claude-code/e2e.mjs), through a proxy that validates every answer: a
/// scripted model behind the real pipeline, with no protocol violation.
/// </summary>
public sealed class OutcomeTests
{
    [Theory]
    [InlineData("T1")]
    [InlineData("T2")]
    [InlineData("T3")]
    [InlineData("T4")]
    [InlineData("T5")]
    public async Task RealCli_Passes(string test)
    {
        string binary = await ClaudeBinary.FindAsync();
        await using TestServer server = await TestServer.ScriptedAsync(ClaudeScript.Answer);
        string root = TestServer.NewHome();
        string folder = Path.Combine(Repository.Shared!, "claude-code");
        (int code, string output) = await Tool.RunAsync(
            "node", ["e2e.mjs", server.Url, "--model", "local-main", "--only", test], folder, TimeSpan.FromMinutes(4),
            ("CC_BIN", binary), ("CC_ROOT", root), ("CC_LIMIT_MS", "200000"));
        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.True(code == 0, output);
        Assert.DoesNotContain("protocol:", output, StringComparison.Ordinal);
        Directory.Delete(root, recursive: true);
    }
}
