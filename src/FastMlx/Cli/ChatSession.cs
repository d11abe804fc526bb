using System.Runtime.InteropServices;
using System.Text.Json;
using FastMlx.Cli.Talk;

namespace FastMlx.Cli;

/// <summary>
/// The loop of `fastmlx chat`: lines in, answers out. Ctrl+C stops an answer; between answers it ends.
/// </summary>
internal sealed class ChatSession(
    ServerClient client, Conversation conversation, TextReader input, TextWriter output, Ink ink, bool showsPrompt)
{
    public const string Commands =
        "  /system TEXT   instructions from here on; nothing: none\n"
        + "  /tools FILE    offer the tools of a JSON file (Messages API form); you type their results. off: none\n"
        + "  /clear         forget the conversation\n"
        + "  /exit          end (or Ctrl+D)";

    private CancellationTokenSource? _answering;

    public async Task<int> RunAsync()
    {
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnInterrupt);
        if (showsPrompt)
            await output.WriteLineAsync(ink.Soft("/system, /tools, /clear, /exit; Ctrl+C stops an answer."));
        while (Ask("> ") is { } line)
        {
            string text = line.Trim();
            if (text is "/exit" or "/quit")
                break;
            if (text.StartsWith('/'))
                Obey(text);
            else if (text.Length > 0)
                await TurnAsync(text);
        }

        return ExitCode.Success;
    }

    private string? Ask(string prompt)
    {
        if (showsPrompt)
        {
            output.Write(prompt);
            output.Flush();
        }

        return input.ReadLine();
    }

    private void Obey(string text)
    {
        string[] words = text.Split(' ', 2, StringSplitOptions.TrimEntries);
        string rest = words.Length > 1 ? words[1] : "";
        switch (words[0])
        {
            case "/system":
                conversation.Instructions = rest.Length > 0 ? rest : null;
                output.WriteLine(ink.Soft(rest.Length > 0 ? "Instructions set." : "No instructions."));
                break;
            case "/tools":
                SetTools(rest);
                break;
            case "/clear":
                conversation.Clear();
                output.WriteLine(ink.Soft("Forgotten."));
                break;
            default:
                output.WriteLine(Commands);
                break;
        }
    }

    private void SetTools(string rest)
    {
        if (rest is "" or "off")
        {
            conversation.Tools = null;
            output.WriteLine(ink.Soft("No tools. /tools FILE offers some."));
            return;
        }

        try
        {
            using JsonDocument tools = JsonDocument.Parse(File.ReadAllBytes(rest));
            if (tools.RootElement.ValueKind != JsonValueKind.Array)
                throw new JsonException("it is no list");
            conversation.Tools = tools.RootElement.GetRawText();
            output.WriteLine(ink.Soft($"{tools.RootElement.GetArrayLength()} tools."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            output.WriteLine(ink.Bad($"{rest} is not a list of tools: {e.Message}"));
        }
    }

    private async Task TurnAsync(string text)
    {
        conversation.AddUser(text);
        try
        {
            while (await AnswerAsync() is { Count: > 0 } calls)
                conversation.AddResults([.. calls.Select(call => (call.Id, Result(call)))]);
        }
        catch (OperationCanceledException)
        {
            conversation.DropLast();
            await output.WriteLineAsync(ink.Soft(" (stopped)"));
        }
        catch (CliException e)
        {
            conversation.DropLast();
            await output.WriteLineAsync(ink.Bad(e.Message));
        }
    }

    private async Task<IReadOnlyList<ToolCall>> AnswerAsync()
    {
        using var answering = new CancellationTokenSource();
        Volatile.Write(ref _answering, answering);
        try
        {
            var answer = new StreamedAnswer(Print, piece => Print(ink.Soft(piece)));
            using HttpResponseMessage response = await client.SendAsync(conversation.Body(), answering.Token);
            await answer.ReadAsync(await response.Content.ReadAsStreamAsync(answering.Token), answering.Token);
            await output.WriteLineAsync();
            conversation.AddAnswer(answer);
            return answer.Calls;
        }
        finally
        {
            Volatile.Write(ref _answering, null);
        }
    }

    private string Result(ToolCall call)
    {
        output.WriteLine(ink.Warn($"{call.Name} {call.Input}"));
        return Ask("its result: ") ?? "(no result)";
    }

    private void Print(string piece)
    {
        output.Write(piece);
        output.Flush();
    }

    private void OnInterrupt(PosixSignalContext context)
    {
        if (Volatile.Read(ref _answering) is not { } answering)
            return; // The default ends us; a server of our own notices and stops.
        context.Cancel = true;
        answering.Cancel();
    }
}
