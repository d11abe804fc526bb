using System.CommandLine;
using System.Text;
using System.Text.Json;
using FastMlx.Configuration;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>What the verbs on models share: options, JSON output, errors as one sentence and an exit code.</summary>
internal sealed class HubVerb(Func<HubOptions>? options)
{
    public Option<bool> Json { get; } = new("--json") { Description = "Print JSON for machines." };

    public Command Create(string name, string description,
        Func<ParseResult, HubClient, CancellationToken, Task<int>> run)
    {
        var command = new Command(name, $"{description}\n\n{ExitCode.Text}");
        command.Options.Add(Json);
        command.SetAction((result, cancellationToken) => RunAsync(result, run, cancellationToken));
        return command;
    }

    public static void WriteJson(ParseResult result, Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
            write(writer);
        result.InvocationConfiguration.Output.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }

    private async Task<int> RunAsync(ParseResult result, Func<ParseResult, HubClient, CancellationToken, Task<int>> run,
        CancellationToken cancellationToken)
    {
        try
        {
            using var client = new HubClient((options ?? HubAccess.FromEnvironment)());
            return await run(result, client, cancellationToken);
        }
        catch (HubException e)
        {
            return Fail(result, e.Kind.ToString(), e.Message, ExitCode.Of(e.Kind));
        }
        catch (ModelFileException e)
        {
            int code = e.Kind == ModelFileProblem.Missing ? ExitCode.NotFound : ExitCode.Damaged;
            return Fail(result, e.Kind.ToString(), e.Message, code);
        }
        catch (OptionsException e)
        {
            return Fail(result, "Configuration", e.Message, ExitCode.Failure);
        }
        catch (OperationCanceledException)
        {
            return Fail(result, "Cancelled", "Interrupted. Run the same command again to go on.", ExitCode.Cancelled);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Fail(result, "Disk", e.Message, ExitCode.Failure);
        }
    }

    private int Fail(ParseResult result, string kind, string message, int code)
    {
        result.InvocationConfiguration.Error.WriteLine("fastmlx: " + message);
        if (result.GetValue(Json))
            WriteJson(result, w => WriteError(w, kind, message));
        return code;
    }

    private static void WriteError(Utf8JsonWriter writer, string kind, string message)
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteString("kind", kind);
        writer.WriteString("message", message);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
