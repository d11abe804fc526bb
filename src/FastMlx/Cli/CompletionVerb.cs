using System.CommandLine;

namespace FastMlx.Cli;

/// <summary>`fastmlx completion SHELL`: a script that lets the shell ask this program what may come next.</summary>
internal static class CompletionVerb
{
    private const string Bash = """
        _fastmlx() {
          local IFS=$'\n'
          COMPREPLY=($(fastmlx "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null))
        }
        complete -o default -F _fastmlx fastmlx
        """;

    private const string Zsh = """
        #compdef fastmlx
        _fastmlx() {
          local -a found
          found=("${(@f)$(fastmlx "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
          compadd -- "${found[@]}" || _files
        }
        compdef _fastmlx fastmlx
        """;

    private const string Fish = """
        complete -c fastmlx -a '(fastmlx "[suggest:"(commandline -C)"]" (commandline -b) 2>/dev/null)'
        """;

    public static Command Create()
    {
        var command = new Command("completion",
            "Print a completion script.\n\n"
            + "  eval \"$(fastmlx completion bash)\"      in ~/.bashrc; zsh alike, after compinit\n"
            + "  fastmlx completion fish | source       in config.fish");
        var shell = new Argument<string>("shell") { Description = "The shell." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        command.Arguments.Add(shell);
        command.SetAction(parsed => parsed.InvocationConfiguration.Output.WriteLine(parsed.GetValue(shell) switch
        {
            "zsh" => Zsh,
            "fish" => Fish,
            _ => Bash,
        }));
        return command;
    }
}
