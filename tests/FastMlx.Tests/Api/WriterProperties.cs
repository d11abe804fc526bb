using System.Buffers;
using System.Text;
using System.Text.Json;
using CsCheck;
using FastMlx.Api;
using FastMlx.Chat;
using Xunit;

namespace FastMlx.Tests.Api;

/// <summary>What is read back from what was written equals the events, for any events and in every form.</summary>
public sealed class WriterProperties
{
    private const int Runs = 500;

    // A step of a model: t text, r reasoning, c a call with arguments in pieces; p ping and q progress of the pump.
    private static readonly Gen<(char Kind, string Text, int Cut)> Step = Gen.Select(Gen.Char["ttrrcpq"], Gen.String, Gen.Int[0, 20]);
    private static readonly Gen<(char Kind, string Text, int Cut)[]> Steps = Step.Array[0, 12];
    private static readonly ReplyUsage Usage = new(5, 20, 0, 15, 3);

    [Fact]
    public void MessageStream_ReadBack_EqualsTheEvents() => Steps.Sample(steps =>
    {
        var frames = new Frames();
        var writer = new MessagesWriter(frames, new IdSource(1), Options());
        writer.Start(Usage);
        Play(steps, writer, writer.Ping, () => writer.Progress());
        writer.Finish(StopReason.EndTurn, null, Usage);
        Assert.Empty(StreamChecker.Check(frames.Text, "m"));
        return Expected(steps) == string.Join('\n', Blocks(frames.Text).Where(block => block != "text:" && block != "thinking:"));
    }, iter: Runs);

    [Fact]
    public void Message_ReadBack_EqualsTheEvents() => Steps.Sample(steps =>
    {
        var builder = new MessageBuilder(new IdSource(1), Options());
        Play(steps, builder, () => { }, () => { });
        var output = new ArrayBufferWriter<byte>();
        builder.Finish(output, StopReason.EndTurn, null, Usage);
        using var document = JsonDocument.Parse(output.WrittenMemory);
        return Expected(steps) == string.Join('\n', document.RootElement.GetProperty("content").EnumerateArray().Select(Block));
    }, iter: Runs);

    [Fact]
    public void ChatStream_ReadBack_EqualsTheEvents() => Steps.Sample(steps =>
    {
        var frames = new Frames();
        var writer = new ChatCompletionWriter(frames, new IdSource(1), new CompletionOptions { Model = "m", Created = 1, IncludesUsage = true });
        writer.Start();
        Play(steps, writer, writer.Ping, writer.Ping);
        writer.Finish(StopReason.EndTurn, Usage);
        Assert.Empty(ChatStreamChecker.Check(frames.Text, wantsUsage: true));
        (string text, string reasoning, string calls) = Chunks(frames.Text);
        return text == Join(steps, 't') && reasoning == Join(steps, 'r') && calls == Join(steps, 'c');
    }, iter: Runs);

    [Fact]
    public void ResponseStream_OfAnyEvents_IsLegal() => Steps.Sample(steps =>
    {
        Assert.True(ResponsesReader.TryRead("{\"model\":\"m\",\"input\":\"x\"}"u8.ToArray(), ReaderOptions.Default, out ResponsesRequest? request, out _));
        var frames = new Frames();
        var writer = new ResponseWriter(frames, new IdSource(1), new ResponseOptions { Request = request, Created = 1, Now = () => 2 });
        writer.Start();
        Play(steps, writer, writer.Ping, writer.Ping);
        writer.Finish(StopReason.EndTurn, Usage);
        Assert.Empty(ResponseStreamChecker.Check(frames.Text));
        return string.Concat(writer.Answer.Parts.OfType<TextPart>().Select(part => part.Text)) == Join(steps, 't');
    }, iter: Runs);

    [Fact]
    public void MessagesWriter_AnyOrderOfCalls_WritesLegallyOrNothing()
    {
        Gen.Int[0, 10].Array[0, 15].Sample(calls =>
        {
            var frames = new Frames();
            var writer = new MessagesWriter(frames, new IdSource(1), Options());
            var arguments = new Queue<byte[]>();
            foreach (int call in calls)
            {
                int before = frames.Bytes.Length;
                try
                {
                    Call(writer, call, arguments);
                }
                catch (InvalidOperationException)
                {
                    Assert.Equal(before, frames.Bytes.Length);
                }
            }
            if (!writer.IsStarted)
                writer.Start(Usage);
            if (!writer.IsEnded)
                writer.Finish(StopReason.MaxTokens, null, Usage);
            return StreamChecker.Check(frames.Text, "m").Count == 0;
        }, iter: 2_000);
    }

    private static void Call(MessagesWriter writer, int call, Queue<byte[]> arguments)
    {
        switch (call)
        {
            case 0: writer.Start(Usage); break;
            case 1: writer.Ping(); break;
            case 2: writer.Progress(); break;
            case 3: writer.Text("t"u8); break;
            case 4: writer.Thinking("r"u8); break;
            case 5:
                writer.ToolCallBegin("a", null);
                arguments.Clear();
                arguments.Enqueue("{\"x\":"u8.ToArray());
                arguments.Enqueue("1}"u8.ToArray());
                break;
            case 6: writer.ToolCallArguments(arguments.Count > 0 ? arguments.Peek() : "{}"u8); _ = arguments.TryDequeue(out _); break;
            case 7: writer.ToolCallArguments("x"u8[..(arguments.Count == 0 ? 1 : 0)]); break;
            case 8: writer.ToolCallEnd(); break;
            case 9: writer.Fail(ApiErrors.Internal(), "req_1"); break;
            default: writer.Finish(StopReason.MaxTokens, null, Usage); break;
        }
    }

    private static ReplyOptions Options() => new() { Model = "m", Signature = () => "sig" };

    private static void Play((char Kind, string Text, int Cut)[] steps, IChatEventSink sink, Action ping, Action progress)
    {
        foreach ((char kind, string text, int cut) in steps)
        {
            switch (kind)
            {
                case 't': sink.Text(Encoding.UTF8.GetBytes(text)); break;
                case 'r': sink.Thinking(Encoding.UTF8.GetBytes(text)); break;
                case 'p': ping(); break;
                case 'q': progress(); break;
                default:
                    byte[] arguments = Encoding.UTF8.GetBytes(Arguments(text));
                    int at = Math.Min(cut, arguments.Length);
                    while (at < arguments.Length && (arguments[at] & 0xC0) == 0x80)
                        at++;
                    sink.ToolCallBegin("tool", null);
                    sink.ToolCallArguments(arguments.AsSpan(0, at));
                    sink.ToolCallArguments(arguments.AsSpan(at));
                    sink.ToolCallEnd();
                    break;
            }
        }
    }

    private static string Arguments(string text) => $"{{\"x\": {JsonSerializer.Serialize(Clean(text))}}}";

    // Lone surrogates of the generator are no text.
    private static string Clean(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    private static string Join((char Kind, string Text, int Cut)[] steps, char kind) => string.Concat(
        steps.Where(step => step.Kind == kind).Select(step => kind == 'c' ? $"tool({Arguments(step.Text)})" : Clean(step.Text)));

    // Neighbours of one kind are one block; empty ones are none.
    private static string Expected((char Kind, string Text, int Cut)[] steps)
    {
        var blocks = new List<string>();
        char last = ' ';
        foreach ((char kind, string text, _) in steps)
        {
            if (kind is 'p' or 'q' || (kind != 'c' && text.Length == 0))
                continue;
            string piece = kind == 'c' ? "tool:" + Normal(Arguments(text)) : Clean(text);
            if (kind == last && kind != 'c')
                blocks[^1] += piece;
            else
                blocks.Add(kind == 't' ? "text:" + piece : kind == 'r' ? "thinking:" + piece : piece);
            last = kind;
        }
        return string.Join('\n', blocks);
    }

    private static string Normal(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetProperty("x").GetString()!;
    }

    private static IEnumerable<string> Blocks(string stream)
    {
        var blocks = new List<(string Type, string Text)>();
        foreach (SseEvent item in SseEvent.Parse(stream, []))
        {
            using var document = JsonDocument.Parse(item.Data!);
            JsonElement data = document.RootElement;
            if (item.Name == "content_block_start")
                blocks.Add((data.GetProperty("content_block").GetProperty("type").GetString()!, ""));
            if (item.Name != "content_block_delta")
                continue;
            JsonElement delta = data.GetProperty("delta");
            foreach (string field in (string[])["text", "thinking", "partial_json"])
            {
                if (delta.TryGetProperty(field, out JsonElement text))
                    blocks[^1] = (blocks[^1].Type, blocks[^1].Text + text.GetString());
            }
        }
        return blocks.Select(block => block.Type == "tool_use" ? "tool:" + Normal(block.Text) : $"{block.Type}:{block.Text}");
    }

    private static string Block(JsonElement block) => block.GetProperty("type").GetString() switch
    {
        "text" => "text:" + block.GetProperty("text").GetString(),
        "thinking" => "thinking:" + block.GetProperty("thinking").GetString(),
        _ => "tool:" + block.GetProperty("input").GetProperty("x").GetString(),
    };

    private static (string Text, string Reasoning, string Calls) Chunks(string stream)
    {
        string text = "", reasoning = "", calls = "";
        foreach (SseEvent item in SseEvent.Parse(stream, []).Where(item => !item.IsComment && item.Data != "[DONE]"))
        {
            using var document = JsonDocument.Parse(item.Data!);
            foreach (JsonElement choice in document.RootElement.GetProperty("choices").EnumerateArray())
            {
                JsonElement delta = choice.GetProperty("delta");
                text += delta.TryGetProperty("content", out JsonElement content) ? content.GetString() : "";
                reasoning += delta.TryGetProperty("reasoning_content", out JsonElement thought) ? thought.GetString() : "";
                if (!delta.TryGetProperty("tool_calls", out JsonElement call))
                    continue;
                JsonElement function = call[0].GetProperty("function");
                calls += function.TryGetProperty("name", out JsonElement name) ? (calls.Length > 0 ? ")" : "") + name.GetString() + "(" : "";
                calls += function.GetProperty("arguments").GetString();
            }
        }
        return (text, reasoning, calls.Length > 0 ? calls + ")" : "");
    }
}
