using System.CommandLine;
using FastMlx.Composition;
using FastMlx.Configuration;

namespace FastMlx.Cli;

/// <summary>`fastmlx serve`: loads a model and answers until it is told to stop.</summary>
internal static class ServeVerb
{
    public static Command Create()
    {
        var command = new SelfStoppingCommand("serve",
            "Serve a model to Claude Code and other clients.\n\n"
            + "Ctrl+C or SIGTERM stops it: running answers then have 30 s. A second signal stops it at once.\n\n"
            + ExitCode.Text);
        var attached = new Option<bool>(Attachment.Flag) { Hidden = true };
        command.Options.Add(attached);
        var distributed = new Option<bool>("--distributed")
        {
            Description = "Compute the model together with the other processes that MLX's launcher started "
                + "(docs/MLX.md). The first one serves; the others follow it.",
        };
        command.Options.Add(distributed);
        var flags = new OptionFlags(command);
        command.SetAction(async (parsed, _) =>
        {
            try
            {
                ServerOptions options = flags.Load(parsed);
                return parsed.GetValue(distributed)
                    ? await GroupRun.RunAsync(options)
                    : await ServerRun.RunAsync(options, parsed.GetValue(attached));
            }
            catch (OptionsException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return ExitCode.Usage;
            }
        });
        return command;
    }
}
