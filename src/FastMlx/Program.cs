using System.CommandLine;

namespace FastMlx;

internal static class Program
{
    public static Task<int> Main(string[] args)
    {
        var root = new RootCommand("Serves MLX-format language models on this machine, to Claude Code and others.");
        root.Subcommands.Add(Cli.DebugCommand.Create());
        return root.Parse(args).InvokeAsync();
    }
}
