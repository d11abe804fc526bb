using System.CommandLine;
using System.Text;
using System.Text.Json;
using FastMlx.Chat.Output;

namespace FastMlx.Cli;

/// <summary>`debug parse`: a model's output from stdin → its reasoning, text and calls as one line of JSON.</summary>
internal static class DebugParseVerb
{
    public static Command Create()
    {
        var format = new Option<string>("--format") { Description = "The output format's name.", Required = true };
        var tools = new Option<string?>("--tools") { Description = "A JSON file with the tools on offer." };
        var pieces = new Option<int>("--pieces") { Description = "Characters to feed at a time; 0 = all at once." };
        var tail = new Option<string?>("--prompt-tail")
        {
            Description = "The prompt's end, which may have opened reasoning.",
        };
        var finish = new Option<string>("--finish")
        {
            Description = "Why the output ended: stop, or length where a limit cut it.",
            DefaultValueFactory = _ => "stop",
        };
        var stream = new Option<bool>("--stream") { Description = "Deliver arguments while they are written." };
        var command = new Command("parse", "A model's output -> {reasoning, content, calls, truncated_call}.");
        foreach (Option option in (Option[])[format, tools, pieces, tail, finish, stream])
            command.Options.Add(option);
        command.SetAction(result => Run(
            new Request(
                result.GetValue(format)!,
                result.GetValue(pieces),
                result.GetValue(tail),
                result.GetValue(finish) is "length" or "max_tokens",
                result.GetValue(stream)),
            result.GetValue(tools)));
        return command;
    }

    private static int Run(Request request, string? toolsFile)
    {
        try
        {
            if (OutputFormat.Find(request.Format) is not { } format)
            {
                string known = string.Join(", ", OutputFormat.Names);
                Console.Error.WriteLine($"fastmlx debug: there is no format '{request.Format}'; known: {known}");
                return 2;
            }
            ToolSchemas tools = toolsFile is null ? ToolSchemas.None : ToolsFile.Read(toolsFile);
            string text = ReadInput();
            bool isThinking = request.PromptTail is { } tail && format.OpensThought(tail);
            ParseCollector result = Parse(request, format, tools, text, isThinking);
            // Without the prompt's end only a closer tells that it had opened reasoning.
            if (request.PromptTail is null && result.HasStrayClose)
                result = Parse(request, format, tools, text, isThinking: true);
            using Stream output = Console.OpenStandardOutput();
            result.Write(output);
            return 0;
        }
        catch (Exception failure) when (failure is IOException or JsonException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine("fastmlx debug: " + failure.Message);
            return 1;
        }
    }

    private static ParseCollector Parse(
        Request request, OutputFormat format, ToolSchemas tools, string text, bool isThinking)
    {
        var result = new ParseCollector();
        var policy = new CallPolicy { StreamsArguments = request.IsStreaming };
        var parser = new OutputParser(format, tools, result, policy, isThinking);
        foreach (string piece in Pieces(text, request.PieceCharacters))
            parser.Feed(piece);
        parser.Finish(request.IsTruncated);
        result.TruncatedCall = parser.TruncatedCall;
        result.HasStrayClose = parser.HasStrayClose;
        return result;
    }

    private static IEnumerable<string> Pieces(string text, int characters)
    {
        for (int start = 0; start < text.Length;)
        {
            int end = characters <= 0 ? text.Length : start;
            for (int count = 0; count < characters && end < text.Length; count++)
                end += char.IsHighSurrogate(text[end]) && end + 1 < text.Length ? 2 : 1;
            yield return text[start..end];
            start = end;
        }
    }

    private static string ReadInput()
    {
        using Stream input = Console.OpenStandardInput();
        using var bytes = new MemoryStream();
        input.CopyTo(bytes);
        // Not through a reader: it would swallow a byte order mark, which is the model's text here.
        return Encoding.UTF8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private sealed record Request(
        string Format, int PieceCharacters, string? PromptTail, bool IsTruncated, bool IsStreaming);
}
