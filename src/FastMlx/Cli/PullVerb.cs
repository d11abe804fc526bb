using System.CommandLine;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>`fastmlx pull NAME`: from the hub into the cache that other tools share.</summary>
internal static class PullVerb
{
    public static Command Create() => Create(options: null);

    internal static Command Create(Func<HubOptions>? options)
    {
        var name = new Argument<string>("name")
        {
            Description = "A model on the hub, such as mlx-community/Qwen3-4B-4bit.",
        };
        var revision = new Option<string>("--revision")
        {
            Description = "A branch, tag or commit.",
            DefaultValueFactory = _ => ModelStore.DefaultRevision,
        };
        var verb = new HubVerb(options);
        Command command = verb.Create("pull", "Download a model. An interrupted download goes on where it stopped.",
            (result, client, stop) =>
                RunAsync(result, client, verb, result.GetValue(name)!, result.GetValue(revision)!, stop));
        command.Arguments.Add(name);
        command.Options.Add(revision);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, HubClient client, HubVerb verb, string text,
        string revision, CancellationToken cancellationToken)
    {
        ModelName name = ModelName.Parse(text);
        bool json = result.GetValue(verb.Json);
        // A bar belongs to a terminal that both shows it and reads no output from us.
        bool isTerminal = !Console.IsErrorRedirected
            && ReferenceEquals(result.InvocationConfiguration.Error, Console.Error);
        var reporter = new PullReporter(result.InvocationConfiguration.Error, isTerminal,
            isTerminal ? Console.WindowWidth : 0);
        string folder;
        try
        {
            folder = await client.PullAsync(name, revision, json && !isTerminal ? null : reporter, cancellationToken);
        }
        finally
        {
            reporter.End();
        }
        Print(result, name, ModelFolder.Open(folder), json);
        return ExitCode.Success;
    }

    private static void Print(ParseResult result, ModelName name, ModelFolder model, bool json)
    {
        if (json)
            HubVerb.WriteJson(result, w =>
            {
                w.WriteStartObject();
                w.WriteString("name", name.Text);
                w.WriteString("commit", Path.GetFileName(model.Directory));
                w.WriteString("folder", model.Directory);
                w.WriteNumber("weight_bytes", model.WeightBytes);
                w.WriteEndObject();
            });
        else
            result.InvocationConfiguration.Output.WriteLine(
                $"{name} is here: {ByteText.Of(model.WeightBytes)} of weights, checked. {model.Directory}");
    }
}
