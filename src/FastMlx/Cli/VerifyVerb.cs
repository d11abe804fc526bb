using System.CommandLine;
using System.Text.Json;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>`fastmlx verify NAME|DIR`: every checksum and every rule of safetensors.</summary>
internal static class VerifyVerb
{
    public static Command Create() => Create(options: null);

    internal static Command Create(Func<HubOptions>? options)
    {
        var model = new Argument<string>("model") { Description = "A model in the cache, or a folder." };
        var verb = new HubVerb(options);
        Command command = verb.Create("verify", "Read a model's files and check every byte.",
            (result, client, stop) => RunAsync(result, client.Store, verb, result.GetValue(model)!, stop));
        command.Arguments.Add(model);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, ModelStore store, HubVerb verb, string model,
        CancellationToken cancellationToken)
    {
        string folder = store.Resolve(model);
        bool json = result.GetValue(verb.Json);
        TextWriter output = result.InvocationConfiguration.Output;
        void Report(FileCheck check)
        {
            if (!json)
                output.WriteLine(Line(check));
        }

        IReadOnlyList<FileCheck> checks = await ModelCheck.RunAsync(folder, Report, cancellationToken);
        int bad = checks.Count(c => c.Problem is not null);
        if (json)
            HubVerb.WriteJson(result, w => Write(w, folder, checks));
        else
            await output.WriteLineAsync(bad == 0 ? $"{model} is in order." : $"{bad} of {checks.Count} checks failed.");
        return bad == 0 ? ExitCode.Success : ExitCode.Damaged;
    }

    private static string Line(FileCheck check) => check.Problem is { } problem
        ? $"BAD  {check.Name}: {problem}"
        : $"ok   {check.Name} ({ByteText.Of(check.Bytes)}{(check.HasChecksum ? ", checksum" : "")})";

    private static void Write(Utf8JsonWriter writer, string folder, IReadOnlyList<FileCheck> checks)
    {
        writer.WriteStartObject();
        writer.WriteString("folder", folder);
        writer.WriteBoolean("ok", checks.All(c => c.Problem is null));
        writer.WriteStartArray("files");
        foreach (FileCheck check in checks)
        {
            writer.WriteStartObject();
            writer.WriteString("name", check.Name);
            writer.WriteNumber("bytes", check.Bytes);
            writer.WriteBoolean("checksum", check.HasChecksum);
            writer.WriteString("problem", check.Problem);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
