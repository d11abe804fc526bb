using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using FastMlx.Claude;
using FastMlx.Cli.Talk;
using FastMlx.Configuration;

namespace FastMlx.Cli;

/// <summary>`fastmlx launch claude`: a server, found or started, and Claude Code on it.</summary>
internal static class LaunchVerb
{
    public static Command Create()
    {
        var command = new Command("launch", "Start a client on a local model, with a server if none runs.");
        command.Subcommands.Add(CreateClaude());
        return command;
    }

    private static SelfStoppingCommand CreateClaude()
    {
        var command = new SelfStoppingCommand("claude",
            "Run Claude Code on a local model: finds the server or starts one, tries it, sets the variables.\n\n"
            + "  fastmlx launch claude --model mlx-community/Qwen3-Coder-30B-A3B-Instruct-4bit\n"
            + "  fastmlx launch claude -- -p \"list the files here\"\n\n"
            + "What stands after -- goes to claude, whose exit code is passed on. " + ExitCode.Text);
        var arguments = new Argument<string[]>("claude-arguments")
        {
            Description = "For claude; after --.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var path = new Option<string?>("--claude")
        {
            Description = "The claude program (default: from PATH).",
            HelpName = "path",
        };
        Option<bool> lite = EnvVerb.LiteOption();
        command.Arguments.Add(arguments);
        command.Options.Add(path);
        command.Options.Add(lite);
        var flags = new OptionFlags(command);
        command.SetAction((parsed, cancellation) => VerbGuard.RunAsync(parsed, async () =>
        {
            string claude = FindClaude(parsed.GetValue(path), flags.Load(parsed).Surroundings);
            TextWriter say = parsed.InvocationConfiguration.Error;
            await using ServerDoor door = await ServerDoor.OpenAsync(parsed, flags, say, cancellation);
            ClaudeFacts facts = ClaudeFactsOf.Server(
                door.Client.BaseUrl, door.Facts, door.Model, flags.Load(parsed).ApiKey);
            bool isLite = parsed.GetValue(lite);
            await ProbeAsync(door, facts, say, isLite, cancellation);
            string[] given = parsed.GetValue(arguments) ?? [];
            return await ClaudeProcess.RunAsync(
                claude, isLite ? WithLiteTools(given) : given, ClaudeSettings.Variables(facts, isLite));
        }));
        return command;
    }

    internal static string[] WithLiteTools(string[] given) =>
        given.Any(a => a == "--tools" || a.StartsWith("--tools=", StringComparison.Ordinal))
            ? given
            : ["--tools", ClaudeSettings.LiteTools, .. given];

    private static string FindClaude(string? given, Surroundings surroundings)
    {
        if (given is null)
        {
            return ClaudeBinary.Find(surroundings) ?? throw new CliException(
                ExitCode.NotFound, "There is no claude on PATH. " + ClaudeBinary.HowToInstall);
        }

        string path = Path.GetFullPath(given);
        return ClaudeBinary.IsExecutable(path)
            ? path
            : throw new CliException(ExitCode.NotFound, $"{path} is not a program. {ClaudeBinary.HowToInstall}");
    }

    private static async Task ProbeAsync(
        ServerDoor door, ClaudeFacts facts, TextWriter say, bool isLite, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        await door.Client.ProbeAsync(facts.Model, cancellation);
        await say.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"fastmlx: {facts.Model} answers on {facts.BaseUrl} (tried, {watch.Elapsed.TotalSeconds:F1} s); "
            + $"context {facts.ContextLength:N0} tokens, "
            + $"answers up to {facts.MaxOutput:N0}{(isLite ? ", lite" : "")}."));
        if (door.LogPath is { } log)
            await say.WriteLineAsync($"fastmlx: the server stops when claude ends; its log is {log}");
    }
}
