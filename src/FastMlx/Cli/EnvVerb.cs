using System.CommandLine;
using System.Text.Json;
using FastMlx.Claude;
using FastMlx.Cli.Talk;
using FastMlx.Configuration;

namespace FastMlx.Cli;

/// <summary>`fastmlx env claude`: the settings for Claude Code, from what a running server says of itself.</summary>
internal static class EnvVerb
{
    public static Command Create()
    {
        var command = new Command("env", "Print or write the settings that a client needs.");
        command.Subcommands.Add(CreateClaude());
        return command;
    }

    private static Command CreateClaude()
    {
        var command = new Command("claude",
            "Print Claude Code's settings for the running server.\n\n"
            + "  eval \"$(fastmlx env claude)\"            in sh, bash, zsh\n"
            + "  fastmlx env claude --shell fish | source\n"
            + "  fastmlx env claude --write              into ~/.claude/settings.json, for IDEs too\n\n"
            + ExitCode.Text);
        var shell = new Option<string>("--shell")
        {
            Description = "Whose syntax to print.",
            DefaultValueFactory = _ => "sh",
        };
        shell.AcceptOnlyFromAmong(ShellText.Shells);
        var json = new Option<bool>("--json") { Description = "Print a JSON object for machines." };
        var write = new Option<string?>("--write")
        {
            Description = "Merge them into a Claude Code settings file (default: ~/.claude/settings.json).",
            HelpName = "file",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<bool> lite = LiteOption();
        command.Options.Add(shell);
        command.Options.Add(json);
        command.Options.Add(write);
        command.Options.Add(lite);
        var flags = new OptionFlags(command, "--host", "--port");
        command.SetAction((parsed, cancellation) => VerbGuard.RunAsync(parsed, async () =>
        {
            ServerOptions options = flags.Load(parsed);
            await using ServerDoor door = await ServerDoor.FindAsync(options, cancellation);
            IReadOnlyList<(string, string)> variables = ClaudeSettings.Variables(
                ClaudeFactsOf.Server(door.Client.BaseUrl, door.Facts, door.Model, options.ApiKey),
                parsed.GetValue(lite));
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetResult(write) is not null)
            {
                string file = parsed.GetValue(write)
                    ?? Path.Combine(options.Surroundings.UserHome, ".claude", "settings.json");
                IReadOnlyList<string> others = SettingsFile.Merge(file, variables);
                await output.WriteLineAsync(
                    $"Wrote {variables.Count} variables into \"env\" of {file}; everything else is as it was.");
                foreach (string remark in others.Select(ClaudeSettings.Remark).OfType<string>())
                    await parsed.InvocationConfiguration.Error.WriteLineAsync("fastmlx: " + remark);
            }
            else if (parsed.GetValue(json))
                HubVerb.WriteJson(parsed, w => Write(w, variables));
            else
                await output.WriteAsync(ShellText.Of(parsed.GetValue(shell)!, variables));
            return ExitCode.Success;
        }));
        return command;
    }

    public static Option<bool> LiteOption() => new("--lite")
    {
        Description = "For small machines and models: shorter prompts, fewer tools, two subagents at once.",
    };

    private static void Write(Utf8JsonWriter json, IReadOnlyList<(string Name, string Value)> variables)
    {
        json.WriteStartObject();
        foreach ((string name, string value) in variables)
            json.WriteString(name, value);
        json.WriteEndObject();
    }
}
