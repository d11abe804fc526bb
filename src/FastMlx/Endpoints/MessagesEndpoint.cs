using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Composition;
using FastMlx.Composition.Models;

namespace FastMlx.Endpoints;

/// <summary>POST /v1/messages and /v1/messages/count_tokens.</summary>
internal static class MessagesEndpoint
{
    /// <summary>anthropic-messages-api.md §15: with less than this left, Claude Code had better compact.</summary>
    private const int AnswerTokensMin = 1024;

    public static async Task CreateAsync(Call call)
    {
        ReadOnlyMemory<byte> body = await call.Exchange.ReadBodyAsync();
        if (!MessagesReader.TryRead(body, call.Server.Reader, out MessagesRequest? request, out ApiError? error))
        {
            await call.FailAsync(error);
            return;
        }

        ReplyOptions options = request.ReplyOptions;
        IdSource ids = call.Server.Ids;
        var form = new ReplyForm(
            request.Stream,
            (stream, memory) => new MessagesStreamReply(stream, ids, With(memory), call.RequestId),
            memory => new MessagesWholeReply(ids, With(memory)));
        if (request.DirectAnswer is { } text)
            await DirectAnswer.SendAsync(call, request.Chat, form, text);
        else
            await Answerer.AnswerAsync(call, Request(call, request), form);

        ReplyOptions With(AnswerMemory memory) =>
            options with { ToolCallStarted = memory.AddCall, Signature = memory.Sign };
    }

    public static async Task CountAsync(Call call)
    {
        ReadOnlyMemory<byte> body = await call.Exchange.ReadBodyAsync();
        if (!MessagesReader.TryReadCount(body, call.Server.Reader, out MessagesRequest? request, out ApiError? error))
        {
            await call.FailAsync(error);
            return;
        }

        ChatPrompt? prompt = null;
        (ModelText? model, error) = await Admission.TextAsync(call.Server, request.Model);
        error ??= Admission.TryBuild(model!, request.Chat, out prompt);
        if (error is not null)
        {
            await call.FailAsync(error);
            return;
        }

        int tokens = prompt!.Tokens.Length;
        int cleared = request.AppliedEdits.Sum(edit => edit.InputTokens);
        await call.RespondAsync(
            200, output => CountTokensBody.Write(output, tokens, request.ReportsContextEdits, cleared));
    }

    private static AnswerRequest Request(Call call, MessagesRequest request) => new(request.Chat)
    {
        MarksCache = request.MarksCache,
        Partition = call.Partition,
        Lane = RequestLane.Of(call.Exchange, request.Chat),
        Session = RequestLane.Session(call.Exchange, request.SessionId),
        RemovedTools = request.RemovedTools,
        AnswerTokensMin = AnswerTokensMin,
        IsStrict = call.Server.Options.Strict,
    };
}
