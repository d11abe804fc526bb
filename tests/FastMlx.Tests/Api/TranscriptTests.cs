using System.Buffers;
using System.Text;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

/// <summary>tests/transcripts/api*.md: adding a case needs no code.</summary>
public sealed class TranscriptTests
{
    private static readonly ReplyUsage Usage =
        new(InputTokens: 5, CacheReadTokens: 20, CacheCreationTokens: 0, OutputTokens: 15, ThinkingTokens: 3);

    [Fact]
    public void MessagesRequests_AreReadAsWritten() => TranscriptCase.Run("api-messages.md", item =>
    {
        var unknown = new UnknownFields();
        var options = new ReaderOptions { Strict = item.Info.Contains("strict", StringComparison.Ordinal), Unknown = unknown };
        byte[] body = Encoding.UTF8.GetBytes(item.Blocks[0]);
        bool isRead = item.Info.Contains("count", StringComparison.Ordinal)
            ? MessagesReader.TryReadCount(body, options, out MessagesRequest? request, out ApiError? error)
            : MessagesReader.TryRead(body, options, out request, out error);
        string counts = string.Concat(unknown.Counts.OrderBy(pair => pair.Key).Select(pair => $"unknown {pair.Key} {pair.Value}\n"));
        return [isRead ? ChatDump.Of(request!) + counts : Error(error!)];
    });

    [Fact]
    public void MessageStreams_AreWrittenAsScripted() => TranscriptCase.Run("api-message-streams.md", item =>
    {
        string stream = PlayStream(new EventScript(item.Blocks[0]));
        Assert.Empty(StreamChecker.Check(stream, "m"));
        return item.Blocks.Count < 3 ? [stream] : [stream, PlayMessage(new EventScript(item.Blocks[0]))];
    });

    [Fact]
    public void ChatRequests_AreReadAsWritten() => TranscriptCase.Run("api-chat-completions.md", item =>
    {
        byte[] body = Encoding.UTF8.GetBytes(item.Blocks[0]);
        return [ChatCompletionReader.TryRead(body, ReaderOptions.Default, out ChatCompletionRequest? request, out ApiError? error)
            ? ChatDump.Of(request) : Error(error)];
    });

    [Fact]
    public void ChatStreams_AreWrittenAsScripted() => TranscriptCase.Run("api-chat-streams.md", item =>
    {
        var script = new EventScript(item.Blocks[0]);
        string stream = PlayChatStream(script);
        Assert.Empty(ChatStreamChecker.Check(stream, script.Has("usage")));
        return [stream, PlayChat(script)];
    });

    [Fact]
    public void ResponsesRequests_AreReadAsWritten() => TranscriptCase.Run("api-responses.md", item =>
    {
        byte[] body = Encoding.UTF8.GetBytes(item.Blocks[0]);
        return [ResponsesReader.TryRead(body, ReaderOptions.Default, out ResponsesRequest? request, out ApiError? error)
            ? ChatDump.Of(request) : Error(error)];
    });

    [Fact]
    public void ResponseStreams_AreWrittenAsScripted() => TranscriptCase.Run("api-response-streams.md", item =>
    {
        string stream = PlayResponse(new EventScript(item.Blocks[0]));
        Assert.Empty(ResponseStreamChecker.Check(stream));
        return [stream];
    });

    internal static string PlayStream(EventScript script)
    {
        var frames = new Frames();
        var writer = new MessagesWriter(frames, new IdSource(1), Options(script));
        writer.Start(Usage);
        script.Play(writer, (verb, rest) =>
        {
            switch (verb)
            {
                case "ping": writer.Ping(); break;
                case "progress": writer.Progress(EventScript.Number(rest)); break;
                case "cut": writer.ToolCallCut(); break;
                case "fail": writer.Fail(ApiErrors.Internal(), "req_1"); break;
                case "finish": writer.Finish(EventScript.Reason(rest.Split(' ')[0]), rest.Split(' ').ElementAtOrDefault(1), Usage); break;
                default: throw new InvalidOperationException(verb);
            }
        });
        return frames.Text;
    }

    private static string PlayMessage(EventScript script)
    {
        var output = new ArrayBufferWriter<byte>();
        var builder = new MessageBuilder(new IdSource(1), Options(script));
        script.Play(builder, (verb, rest) =>
        {
            if (verb == "cut")
                builder.ToolCallCut();
            else if (verb == "finish")
                builder.Finish(output, EventScript.Reason(rest.Split(' ')[0]), rest.Split(' ').ElementAtOrDefault(1), Usage);
        });
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string PlayChatStream(EventScript script)
    {
        var frames = new Frames();
        var writer = new ChatCompletionWriter(frames, new IdSource(1), ChatOptions(script));
        writer.Start();
        script.Play(writer, (verb, rest) =>
        {
            switch (verb)
            {
                case "ping": writer.Ping(); break;
                case "cut": writer.ToolCallCut(); break;
                case "logprob": writer.TokenLogprobs(Logprob(rest)); break;
                case "fail": writer.Fail(ApiErrors.Internal()); break;
                case "finish": writer.Finish(EventScript.Reason(rest.Split(' ')[0]), Usage); break;
                default: throw new InvalidOperationException(verb);
            }
        });
        return frames.Text;
    }

    private static string PlayChat(EventScript script)
    {
        var output = new ArrayBufferWriter<byte>();
        var builder = new ChatCompletionBuilder(new IdSource(1), ChatOptions(script));
        script.Play(builder, (verb, rest) =>
        {
            if (verb == "cut")
                builder.ToolCallCut();
            else if (verb == "logprob")
                builder.TokenLogprobs(Logprob(rest));
            else if (verb == "finish")
                builder.Finish(output, EventScript.Reason(rest.Split(' ')[0]), Usage);
        });
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static string PlayResponse(EventScript script)
    {
        var frames = new Frames();
        byte[] body = Encoding.UTF8.GetBytes(script.Option("request", "{\"model\":\"m\",\"input\":\"hi\"}"));
        Assert.True(ResponsesReader.TryRead(body, ReaderOptions.Default, out ResponsesRequest? request, out _));
        var options = new ResponseOptions { Request = request, Created = 7, Now = () => 9, Signature = () => "sig" };
        var writer = new ResponseWriter(frames, new IdSource(1), options);
        writer.Start();
        script.Play(writer, (verb, rest) =>
        {
            switch (verb)
            {
                case "ping": writer.Ping(); break;
                case "cut": writer.ToolCallCut(); break;
                case "fail": writer.Fail(ApiErrors.Internal()); break;
                case "finish": writer.Finish(EventScript.Reason(rest.Split(' ')[0]), Usage); break;
                default: throw new InvalidOperationException(verb);
            }
        });
        return frames.Text;
    }

    private static ReplyOptions Options(EventScript script) => new()
    {
        Model = "m",
        Signature = () => "sig",
        Display = Enum.Parse<ThinkingDisplay>(script.Option("display", "Summarized")),
        ReportsContextEdits = script.Has("context"),
        ExpectsThinking = script.Has("thinks"),
    };

    private static CompletionOptions ChatOptions(EventScript script) => new()
    {
        Model = "m",
        Created = 7,
        IncludesUsage = script.Has("usage"),
        ShowsReasoning = !script.Has("hidden"),
        Logprobs = script.Has("logprobs"),
    };

    private static TokenLogprob Logprob(string text) =>
        new(Encoding.UTF8.GetBytes(text), -0.5f, [new TokenLogprob(Encoding.UTF8.GetBytes(text), -0.5f, [])]);

    private static string Error(ApiError error) => $"{error.Status} {error.Type}\n{error.Message}";
}
