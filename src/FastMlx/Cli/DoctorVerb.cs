using System.CommandLine;
using System.Text.Json;
using FastMlx.Configuration;

namespace FastMlx.Cli;

/// <summary>`fastmlx doctor`: would it work on this machine, and if not, why.</summary>
internal static class DoctorVerb
{
    public static Command Create()
    {
        var command = new Command("doctor",
            "Check this machine: engine, processor, memory, models, port, Claude Code, .env.\n\n"
            + "Ends with 1 where something is bad. " + ExitCode.Text);
        var json = new Option<bool>("--json") { Description = "Print JSON for machines." };
        command.Options.Add(json);
        var flags = new OptionFlags(command);
        command.SetAction((parsed, cancellation) => VerbGuard.RunAsync(parsed, async () =>
        {
            var findings = new List<Finding>();
            ServerOptions options = Options(flags, parsed, findings);
            await foreach (Finding finding in Checkup.RunAsync(options, cancellation))
                findings.Add(finding);
            if (parsed.GetValue(json))
                HubVerb.WriteJson(parsed, w => Write(w, findings));
            else
                Print(parsed.InvocationConfiguration.Output, Ink.ForOutput(options.Surroundings), findings);
            return findings.Any(f => f.Grade == "bad") ? ExitCode.Failure : ExitCode.Success;
        }));
        return command;
    }

    /// <summary>A wrong setting is a finding here; the rest is then looked at with the defaults.</summary>
    private static ServerOptions Options(OptionFlags flags, ParseResult parsed, List<Finding> findings)
    {
        try
        {
            return flags.Load(parsed);
        }
        catch (OptionsException e)
        {
            findings.Add(new Finding("settings", "bad", e.Message));
            return ServerOptionsLoader.Defaults();
        }
    }

    private static void Print(TextWriter output, Ink ink, List<Finding> findings)
    {
        int width = findings.Max(f => f.About.Length);
        foreach (Finding f in findings)
        {
            string grade = f.Grade.PadRight(4);
            string painted = f.Grade switch { "ok" => ink.Good(grade), "bad" => ink.Bad(grade), _ => ink.Warn(grade) };
            output.WriteLine($"{painted}  {f.About.PadRight(width)}  {f.Text}");
        }
    }

    private static void Write(Utf8JsonWriter json, List<Finding> findings)
    {
        json.WriteStartObject();
        json.WriteBoolean("ok", findings.All(f => f.Grade != "bad"));
        json.WriteStartArray("findings");
        foreach (Finding f in findings)
        {
            json.WriteStartObject();
            json.WriteString("about", f.About);
            json.WriteString("grade", f.Grade);
            json.WriteString("text", f.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
