using System.CommandLine;
using System.Text.Json;
using FastMlx.Chat.Output;

namespace FastMlx.Cli;

/// <summary>`debug coerce`: a parameter's raw text from stdin → the JSON value that its schema makes of it.</summary>
internal static class DebugCoerceVerb
{
    public static Command Create()
    {
        var schema = new Option<string>("--schema") { Description = "A file with the JSON schema.", Required = true };
        var isJson = new Option<bool>("--json") { Description = "The input is a JSON value, not a parameter's text." };
        var command = new Command("coerce", "A parameter's raw text -> a JSON value.");
        command.Options.Add(schema);
        command.Options.Add(isJson);
        command.SetAction(result => Run(result.GetValue(schema)!, result.GetValue(isJson)));
        return command;
    }

    private static int Run(string schemaFile, bool isJson)
    {
        try
        {
            string schema = File.ReadAllText(schemaFile);
            using Stream input = Console.OpenStandardInput();
            using var raw = new MemoryStream();
            input.CopyTo(raw);
            string value = ParameterCoercion.Coerce(raw.GetBuffer().AsSpan(0, (int)raw.Length), schema, isJson);
            using Stream output = Console.OpenStandardOutput();
            output.Write(System.Text.Encoding.UTF8.GetBytes(value + "\n"));
            return 0;
        }
        catch (Exception failure) when (failure is IOException or JsonException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine("fastmlx debug: " + failure.Message);
            return 1;
        }
    }
}
