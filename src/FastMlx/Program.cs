using System.CommandLine;

namespace FastMlx;

internal static class Program
{
    public static Task<int> Main(string[] args)
    {
        var root = new RootCommand("Runs MLX-format language models behind the Anthropic and OpenAI APIs, on this machine.");
        root.Subcommands.Add(Cli.DebugCommand.Create());
        return root.Parse(args).InvokeAsync();
    }
}
