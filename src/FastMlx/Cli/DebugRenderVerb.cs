using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using FastMlx.Chat.Templates;

namespace FastMlx.Cli;

/// <summary>
/// `fastmlx debug render`: the text of a template with the variables of a JSON file, exactly, on standard output. A
/// template error: exit code 3 and the message on standard error; a file that cannot be read: exit code 1.
/// </summary>
internal static class DebugRenderVerb
{
    private const int Failed = 1;
    private const int TemplateFailed = 3;

    public static Command Create()
    {
        var template = new Option<string>("--template") { Description = "The Jinja file.", Required = true };
        var variables = new Option<string>("--vars")
        {
            Description = "A JSON object: messages, tools, add_generation_prompt, bos_token, …",
            Required = true,
        };
        var now = new Option<string?>("--now") { Description = "The clock, e.g. 2026-08-23T00:00:00." };
        var environment = new Option<string>("--env")
        {
            Description = "hf: as transformers; hf+ext: with from_json and changeable lists.",
            DefaultValueFactory = _ => "hf",
        };
        environment.AcceptOnlyFromAmong("hf", "hf+ext");
        var command = new Command("render", "Render a chat template.") { template, variables, now, environment };
        command.SetAction(parsed => Run(
            parsed.GetValue(template)!, parsed.GetValue(variables)!, parsed.GetValue(now),
            parsed.GetValue(environment)!));
        return command;
    }

    private static int Run(string templatePath, string variablesPath, string? now, string environment)
    {
        TimeProvider time = TimeProvider.System;
        if (now is not null)
        {
            if (!DateTimeOffset.TryParse(
                now, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset fixedTime))
                return Fail($"--now {now}: not a date and time");
            time = new FixedTime(fixedTime);
        }

        try
        {
            using JsonDocument variables = JsonDocument.Parse(
                File.ReadAllBytes(variablesPath), new JsonDocumentOptions { MaxDepth = 128 });
            TemplateDialect dialect = environment == "hf" ? TemplateDialect.HuggingFace : TemplateDialect.Extended;
            ChatTemplate template = ChatTemplate.Compile(File.ReadAllText(templatePath), dialect);
            Write(template.Render(variables.RootElement, time).Text);
            return 0;
        }
        catch (TemplateException e)
        {
            Console.Error.WriteLine(e.Message);
            return TemplateFailed;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException
            or InvalidOperationException)
        {
            return Fail(e.Message);
        }
    }

    private static int Fail(string message)
    {
        Console.Error.WriteLine(message);
        return Failed;
    }

    private static void Write(string text)
    {
        using Stream output = Console.OpenStandardOutput();
        output.Write(new UTF8Encoding(false).GetBytes(text));
    }

    /// <summary>A wall clock that stands still; time stamps still run, so that the time limit holds.</summary>
    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}
