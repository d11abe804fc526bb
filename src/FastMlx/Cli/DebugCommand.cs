using System.CommandLine;

namespace FastMlx.Cli;

/// <summary>`fastmlx debug …`: JSON in, JSON out, for people and tests that look inside. One file a verb.</summary>
internal static class DebugCommand
{
    public static Command Create()
    {
        var command = new Command("debug", "Look inside: logits, templates, tokenizers, parsers.");
        foreach (Command verb in Verbs())
            command.Subcommands.Add(verb);
        return command;
    }

    private static IEnumerable<Command> Verbs()
    {
        yield return DebugLogitsVerb.Create();
        yield return DebugRenderVerb.Create();
        yield return DebugTokenizeVerb.Create();
        yield return DebugDetokenizeVerb.Create();
        yield return DebugParseVerb.Create();
        yield return DebugCoerceVerb.Create();
    }
}
