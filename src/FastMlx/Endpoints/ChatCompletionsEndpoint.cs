using FastMlx.Api;
using FastMlx.Composition;

namespace FastMlx.Endpoints;

/// <summary>POST /v1/chat/completions.</summary>
internal static class ChatCompletionsEndpoint
{
    public static async Task CreateAsync(Call call)
    {
        ReadOnlyMemory<byte> body = await call.Exchange.ReadBodyAsync();
        if (!ChatCompletionReader.TryRead(
            body, call.Server.Reader, out ChatCompletionRequest? request, out ApiError? error))
        {
            await call.FailAsync(error);
            return;
        }

        CompletionOptions options = request.ReplyOptions(call.Server.Time.GetUtcNow().ToUnixTimeSeconds());
        IdSource ids = call.Server.Ids;
        var form = new ReplyForm(
            request.Stream,
            (stream, memory) => new ChatCompletionStreamReply(stream, ids, With(memory)),
            memory => new ChatCompletionWholeReply(ids, With(memory)));
        await Answerer.AnswerAsync(call, Request(call, request), form);

        CompletionOptions With(AnswerMemory memory) => options with { ToolCallStarted = memory.AddCall };
    }

    private static AnswerRequest Request(Call call, ChatCompletionRequest request) => new(request.Chat)
    {
        Partition = call.Partition,
        Lane = RequestLane.Of(call.Exchange, request.Chat),
        Session = RequestLane.Session(call.Exchange, request.CacheKey),
        IgnoresEnd = request.IgnoresEnd,
        Logprobs = request.Logprobs ? request.TopLogprobs : null,
    };
}
