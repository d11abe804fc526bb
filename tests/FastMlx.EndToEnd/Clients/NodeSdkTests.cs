using FastMlx.EndToEnd.Host;
using FastMlx.Tests;
using Xunit;

namespace FastMlx.EndToEnd.Clients;

/// <summary>The official npm packages, through the scripts in node/; skipped aloud where npm or its registry is not there.</summary>
public sealed class NodeSdkTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private static readonly SemaphoreSlim Installing = new(1);

    [Theory]
    [InlineData("anthropic.mjs")]
    [InlineData("openai.mjs")]
    public async Task Script_Passes(string script)
    {
        string folder = await InstallAsync();
        (int code, string output) = await Tool.RunAsync(
            "node", [script, fixture.Server.Url], folder, TimeSpan.FromMinutes(2));
        Assert.True(code == 0 && output.Contains("ok", StringComparison.Ordinal), output);
    }

    private static async Task<string> InstallAsync()
    {
        string source = Path.Combine(Repository.Root, "tests", "FastMlx.EndToEnd", "node");
        string folder = Path.Combine(Repository.Root, "artifacts", "node-sdks");
        await Installing.WaitAsync();
        try
        {
            Directory.CreateDirectory(folder);
            string stamp = Path.Combine(folder, "node_modules", ".package-lock.json");
            string wanted = File.ReadAllText(Path.Combine(source, "package-lock.json"));
            string installed = Path.Combine(folder, "package-lock.json");
            bool isFresh = File.Exists(stamp) && File.Exists(installed) && File.ReadAllText(installed) == wanted;
            foreach (string file in Directory.GetFiles(source))
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
            if (!isFresh)
            {
                (int code, string output) = await Tool.RunAsync(
                    "npm", ["ci", "--no-audit", "--no-fund"], folder, TimeSpan.FromMinutes(3));
                Assert.SkipWhen(code != 0, "npm could not install the SDKs: " + output);
            }

            return folder;
        }
        finally
        {
            Installing.Release();
        }
    }
}
