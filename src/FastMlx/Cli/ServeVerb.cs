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
        var flags = new OptionFlags(command);
        command.SetAction(async (parsed, _) =>
        {
            try
            {
                return await ServerRun.RunAsync(flags.Load(parsed), parsed.GetValue(attached));
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
