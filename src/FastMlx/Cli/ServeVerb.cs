using System.CommandLine;
using FastMlx.Composition;
using FastMlx.Configuration;

namespace FastMlx.Cli;

/// <summary>`fastmlx serve`: loads a model and answers until it is told to stop.</summary>
internal static class ServeVerb
{
    public static Command Create()
    {
        var command = new Command("serve", "Serve a model to Claude Code and other clients.");
        var flags = new OptionFlags(command);
        command.SetAction(async (parsed, _) =>
        {
            try
            {
                return await ServerRun.RunAsync(flags.Load(parsed));
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
