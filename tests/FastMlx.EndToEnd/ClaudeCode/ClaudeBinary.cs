using FastMlx.EndToEnd.Host;
using FastMlx.Tests;
using Xunit;

namespace FastMlx.EndToEnd.ClaudeCode;

/// <summary>The real CLI: from CC_BIN, else from npm into artifacts/. An external program, for tests only.</summary>
internal static class ClaudeBinary
{
    private const string Version = "2.1.330";

    /// <summary>Its path; skips the test, aloud, where it cannot be had.</summary>
    public static async Task<string> FindAsync()
    {
        Assert.SkipWhen(Repository.Shared is null, "../shared/claude-code is not there.");
        if (Environment.GetEnvironmentVariable("CC_BIN") is { Length: > 0 } given && File.Exists(given))
            return given;
        string folder = Path.Combine(Repository.Root, "artifacts", "claude-code");
        string binary = Path.Combine(folder, "node_modules", "@anthropic-ai", "claude-code-linux-x64", "claude");
        if (!File.Exists(binary))
        {
            Directory.CreateDirectory(folder);
            (int code, string output) = await Tool.RunAsync(
                "npm", ["i", "--prefix", folder, "@anthropic-ai/claude-code@" + Version], folder, TimeSpan.FromMinutes(3));
            Assert.SkipWhen(code != 0 || !File.Exists(binary), "The Claude Code CLI is not there (CC_BIN) and npm failed: " + output);
        }

        return binary;
    }
}
