using System.CommandLine;
using FastMlx.Cli.Talk;

namespace FastMlx.Cli;

/// <summary>`fastmlx run "prompt"`: one answer on standard output.</summary>
internal static class RunVerb
{
    public static Command Create()
    {
        var command = new Command("run",
            "Answer one prompt, on the running server or one of its own. Without a prompt it reads standard input.\n\n"
            + ExitCode.Text);
        var prompt = new Argument<string?>("prompt")
        {
            Description = "What to ask; - or nothing: standard input.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var system = new Option<string?>("--system") { Description = "Instructions that stand before the prompt." };
        var limit = new Option<int>("--max-tokens") { Description = "Most tokens.", DefaultValueFactory = _ => 4096 };
        var json = new Option<bool>("--json") { Description = "Print the answer and its numbers as JSON." };
        command.Arguments.Add(prompt);
        command.Options.Add(system);
        command.Options.Add(limit);
        command.Options.Add(json);
        var flags = new OptionFlags(command);
        command.SetAction((parsed, cancellation) => VerbGuard.RunAsync(parsed, async () =>
        {
            string text = parsed.GetValue(prompt) is { } given && given != "-"
                ? given
                : await Console.In.ReadToEndAsync(cancellation);
            if (string.IsNullOrWhiteSpace(text))
                throw new CliException(ExitCode.Usage, "There is no prompt: give one, or send it to standard input.");
            await using ServerDoor door = await ServerDoor.OpenAsync(
                parsed, flags, parsed.InvocationConfiguration.Error, cancellation);
            var conversation = new Conversation(door.Model, parsed.GetValue(limit))
            {
                Instructions = parsed.GetValue(system),
            };
            conversation.AddUser(text);
            await AnswerAsync(parsed, door, conversation, parsed.GetValue(json), cancellation);
            return ExitCode.Success;
        }));
        return command;
    }

    private static async Task AnswerAsync(
        ParseResult parsed, ServerDoor door, Conversation conversation, bool isJson, CancellationToken cancellation)
    {
        TextWriter output = parsed.InvocationConfiguration.Output;
        var answer = new StreamedAnswer(
            piece =>
            {
                if (isJson)
                    return;
                output.Write(piece);
                output.Flush();
            },
            thought: static _ => { });
        using HttpResponseMessage response = await door.Client.SendAsync(conversation.Body(), cancellation);
        await answer.ReadAsync(await response.Content.ReadAsStreamAsync(cancellation), cancellation);
        if (!isJson)
        {
            await output.WriteLineAsync();
            return;
        }

        HubVerb.WriteJson(parsed, json =>
        {
            json.WriteStartObject();
            json.WriteString("model", door.Model);
            json.WriteString("text", answer.Text);
            json.WriteString("stop_reason", answer.StopReason);
            json.WriteNumber("input_tokens", answer.InputTokens);
            json.WriteNumber("cached_tokens", answer.CachedTokens);
            json.WriteNumber("output_tokens", answer.OutputTokens);
            json.WriteEndObject();
        });
    }
}
