using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FastMlx.Configuration;
using FastMlx.Engine;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>`fastmlx cache ls|clear|verify`: the conversations that outlive a restart.</summary>
internal static class CacheVerb
{
    public static Command Create()
    {
        var command = new Command("cache", "Look at the disk cache of conversations (models: see list and rm).");
        command.Subcommands.Add(Verb("ls", "What is in it, by model.", c => c.Report(), ExitCode.Success));
        command.Subcommands.Add(Verb("verify", "Read every file and check it.", c => c.Verify(), ExitCode.Damaged));
        command.Subcommands.Add(Clear());
        return command;
    }

    private static Command Verb(
        string name, string description, Func<CacheDirectory, CacheReport> look, int whenDamaged)
    {
        var command = new Command(name, $"{description}\n\n{ExitCode.Text}");
        var json = new Option<bool>("--json") { Description = "Print JSON for machines." };
        command.Options.Add(json);
        var flags = new OptionFlags(command, "--disk-cache");
        command.SetAction((parsed, _) => VerbGuard.RunAsync(parsed, () =>
        {
            CacheDirectory cache = Open(flags.Load(parsed));
            CacheReport report = CacheFolders.Look(cache, look);
            if (parsed.GetValue(json))
                HubVerb.WriteJson(parsed, w => Write(w, cache, report));
            else
                Print(parsed.InvocationConfiguration.Output, cache, report);
            return Task.FromResult(report.Damaged.Count > 0 ? whenDamaged : ExitCode.Success);
        }));
        return command;
    }

    private static Command Clear()
    {
        var command = new Command("clear", $"Delete it. A running server goes on without.\n\n{ExitCode.Text}");
        var json = new Option<bool>("--json") { Description = "Print JSON for machines." };
        command.Options.Add(json);
        var flags = new OptionFlags(command, "--disk-cache");
        command.SetAction((parsed, _) => VerbGuard.RunAsync(parsed, () =>
        {
            CacheDirectory cache = Open(flags.Load(parsed));
            int files = CacheFolders.Clear(cache);
            if (parsed.GetValue(json))
                HubVerb.WriteJson(parsed, w =>
                {
                    w.WriteStartObject();
                    w.WriteString("folder", cache.Folder);
                    w.WriteNumber("deleted_files", files);
                    w.WriteEndObject();
                });
            else
                parsed.InvocationConfiguration.Output.WriteLine($"Deleted {files} files in {cache.Folder}.");
            return Task.FromResult(ExitCode.Success);
        }));
        return command;
    }

    private static CacheDirectory Open(ServerOptions options) => new(options.DiskCacheDirectory
        ?? throw new CliException(ExitCode.Usage, "DISK_CACHE is off, so there is no folder. --disk-cache names one."));

    private static void Print(TextWriter output, CacheDirectory cache, CacheReport report)
    {
        foreach (CacheModelReport model in report.Models)
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{model.ModelType} {model.Fingerprint}  {model.Tokens:N0} tokens, "
                + $"{model.Files:N0} files, {ByteText.Of(model.Bytes)}"));
        foreach (string file in report.Damaged)
            output.WriteLine($"BAD  {file}: no server would use it");
        output.WriteLine($"{report.Files} files, {ByteText.Of(report.Bytes)} in {cache.Folder}");
    }

    private static void Write(Utf8JsonWriter json, CacheDirectory cache, CacheReport report)
    {
        json.WriteStartObject();
        json.WriteString("folder", cache.Folder);
        json.WriteNumber("bytes", report.Bytes);
        json.WriteStartArray("models");
        foreach (CacheModelReport model in report.Models)
        {
            json.WriteStartObject();
            json.WriteString("type", model.ModelType);
            json.WriteString("fingerprint", model.Fingerprint);
            json.WriteNumber("files", model.Files);
            json.WriteNumber("tokens", model.Tokens);
            json.WriteNumber("bytes", model.Bytes);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("damaged");
        foreach (string file in report.Damaged)
            json.WriteStringValue(file);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
