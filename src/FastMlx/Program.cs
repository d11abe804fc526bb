using System.CommandLine;
using FastMlx.Cli;

namespace FastMlx;

internal static class Program
{
    public static Task<int> Main(string[] args)
    {
        var root = new RootCommand("Serves MLX-format language models on this machine, to Claude Code and others.");
        foreach (Command command in Commands())
            root.Subcommands.Add(command);
        ParseResult parsed = root.Parse(args);
        // A list of verbs has one line each; a verb's own help says the rest.
        foreach (Command verb in parsed.CommandResult.Command.Subcommands)
            verb.Description = verb.Description?.Split('\n')[0];
        if (parsed.CommandResult.Command is SelfStoppingCommand)
            parsed.InvocationConfiguration.ProcessTerminationTimeout = null;
        Task<int> run = parsed.InvokeAsync(parsed.InvocationConfiguration);
        // The parser's own status for a wrong command line is 1; ours says that it was the command line.
        return parsed.Errors.Count > 0 ? As(run, ExitCode.Usage) : run;
    }

    private static IEnumerable<Command> Commands() =>
    [
        ServeVerb.Create(),
        LaunchVerb.Create(),
        EnvVerb.Create(),
        RunVerb.Create(),
        ChatVerb.Create(),
        CacheVerb.Create(),
        DoctorVerb.Create(),
        BenchVerb.Create(),
        CompletionVerb.Create(),
        PullVerb.Create(),
        ListVerb.Create(),
        RmVerb.Create(),
        InspectVerb.Create(InspectFacts.Of),
        VerifyVerb.Create(),
        DebugCommand.Create(),
    ];

    private static async Task<int> As(Task<int> run, int code)
    {
        await run;
        return code;
    }
}
