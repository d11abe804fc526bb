using System.CommandLine;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>`fastmlx rm NAME`: removes a model with all its revisions.</summary>
internal static class RmVerb
{
    public static Command Create() => Create(options: null);

    internal static Command Create(Func<HubOptions>? options)
    {
        var names = new Argument<string[]>("name")
        {
            Description = "A model in the cache.",
            Arity = ArgumentArity.OneOrMore,
        };
        var verb = new HubVerb(options);
        Command command = verb.Create("rm", "Remove models from the cache (for other tools too).",
            (result, client, _) => Task.FromResult(Run(result, client.Store, verb, result.GetValue(names)!)));
        command.Arguments.Add(names);
        return command;
    }

    private static int Run(ParseResult result, ModelStore store, HubVerb verb, string[] texts)
    {
        // All names are read before the first model is removed: a slip of the hand costs nothing.
        ModelName[] names = [.. texts.Select(ModelName.Parse)];
        long freed = 0;
        foreach (ModelName name in names)
        {
            long bytes = store.Remove(name);
            freed += bytes;
            if (!result.GetValue(verb.Json))
                result.InvocationConfiguration.Output.WriteLine($"Removed {name}: {ByteText.Of(bytes)} free again.");
        }
        if (result.GetValue(verb.Json))
            HubVerb.WriteJson(result, w =>
            {
                w.WriteStartObject();
                w.WriteStartArray("removed");
                foreach (ModelName name in names)
                    w.WriteStringValue(name.Text);
                w.WriteEndArray();
                w.WriteNumber("freed_bytes", freed);
                w.WriteEndObject();
            });
        return ExitCode.Success;
    }
}
