using System.CommandLine;
using FastMlx.Cli.Talk;
using FastMlx.Configuration;

namespace FastMlx.Cli;

/// <summary>`fastmlx chat`: a conversation on the terminal.</summary>
internal static class ChatVerb
{
    public static Command Create()
    {
        var command = new SelfStoppingCommand("chat",
            "Talk with the model, on the running server or one of its own.\n\n" + ChatSession.Commands
            + "\n\n" + ExitCode.Text);
        var system = new Option<string?>("--system") { Description = "Instructions to the model." };
        var limit = new Option<int>("--max-tokens") { Description = "Most tokens.", DefaultValueFactory = _ => 4096 };
        command.Options.Add(system);
        command.Options.Add(limit);
        var flags = new OptionFlags(command);
        command.SetAction((parsed, cancellation) => VerbGuard.RunAsync(parsed, async () =>
        {
            ServerOptions options = flags.Load(parsed);
            await using ServerDoor door = await ServerDoor.OpenAsync(
                parsed, flags, parsed.InvocationConfiguration.Error, cancellation);
            var conversation = new Conversation(door.Model, parsed.GetValue(limit))
            {
                Instructions = parsed.GetValue(system),
            };
            var session = new ChatSession(
                door.Client, conversation, Console.In, parsed.InvocationConfiguration.Output,
                Ink.ForOutput(options.Surroundings), showsPrompt: !Console.IsInputRedirected);
            return await session.RunAsync();
        }));
        return command;
    }
}
