using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Composition;
using FastMlx.Composition.Models;

namespace FastMlx.Endpoints;

/// <summary>POST /v1/responses and what is stored of it.</summary>
internal static class ResponsesEndpoint
{
    private const string InputItems = "/input_items";
    private const string Cancel = "/cancel";

    public static async Task CreateAsync(Call call)
    {
        if (await ReadAsync(call) is not { } request)
            return;
        Server server = call.Server;
        var options = new ResponseOptions
        {
            Request = request,
            Created = server.Time.GetUtcNow().ToUnixTimeSeconds(),
            Now = () => server.Time.GetUtcNow().ToUnixTimeSeconds(),
        };
        var form = new ReplyForm(
            request.Stream,
            (stream, memory) => new ResponseStreamReply(stream, server.Ids, With(memory), Store),
            memory => new ResponseWholeReply(server.Ids, With(memory), Store));
        await Answerer.AnswerAsync(call, RequestOf(call, request), form);

        ResponseOptions With(AnswerMemory memory) =>
            options with { ToolCallStarted = memory.AddCall, Signature = memory.Sign };

        void Store(string id, byte[] body, ChatMessage answer)
        {
            if (request.Store)
                server.Responses.Add(new StoredResponse(id, body, request, answer));
        }
    }

    /// <summary>POST /v1/responses/input_tokens.</summary>
    public static async Task CountAsync(Call call)
    {
        if (await ReadAsync(call) is not { } request)
            return;
        ChatPrompt? prompt = null;
        (ModelText? model, ApiError? error) = await Admission.TextAsync(call.Server, request.Model);
        error ??= Admission.TryBuild(model!, request.Chat, out prompt);
        if (error is not null)
            await call.FailAsync(error);
        else
            await call.RespondAsync(200, output => ResponseBody.WriteInputTokens(output, prompt!.Tokens.Length));
    }

    /// <summary>POST /v1/responses/compact.</summary>
    public static async Task CompactAsync(Call call)
    {
        if (await ReadAsync(call) is not { } request)
            return;
        var form = new ReplyForm(
            IsStream: false,
            (_, _) => throw new InvalidOperationException("A compaction is not streamed."),
            _ => new CompactionReply(call.Server.Ids, request, call.Server.Time.GetUtcNow().ToUnixTimeSeconds()));
        await Answerer.AnswerAsync(call, RequestOf(call, request) with { Chat = Compaction.Ask(request) }, form);
    }

    /// <summary>GET /v1/responses/{id} and /v1/responses/{id}/input_items.</summary>
    public static async Task GetAsync(Call call)
    {
        bool wantsItems = call.Tail.EndsWith(InputItems, StringComparison.Ordinal);
        string id = wantsItems ? call.Tail[..^InputItems.Length] : call.Tail;
        StoredResponse? stored = call.Server.Responses.Find(id);
        if (stored is null)
            await call.FailAsync(ApiErrors.ResponseNotFound(id));
        else if (wantsItems)
            await call.RespondAsync(200, output => ResponseBody.WriteInputItems(output, stored.Request));
        else
            await call.RespondAsync(200, stored.Body);
    }

    public static async Task DeleteAsync(Call call)
    {
        if (call.Server.Responses.Remove(call.Tail))
            await call.RespondAsync(200, output => ResponseBody.WriteDeleted(output, call.Tail));
        else
            await call.FailAsync(ApiErrors.ResponseNotFound(call.Tail));
    }

    /// <summary>POST /v1/responses/{id}/cancel: only background responses can be, and here are none.</summary>
    public static async Task CancelAsync(Call call)
    {
        bool isCancel = call.Tail.EndsWith(Cancel, StringComparison.Ordinal);
        string id = isCancel ? call.Tail[..^Cancel.Length] : call.Tail;
        if (!isCancel)
            await call.FailAsync(ApiErrors.RouteNotFound("POST", call.Path));
        else if (call.Server.Responses.Find(id) is null)
            await call.FailAsync(ApiErrors.ResponseNotFound(id));
        else
            await call.FailAsync(Unavailable.Background(id));
    }

    /// <summary>The request behind its predecessor's conversation; null where an error was answered.</summary>
    private static async Task<ResponsesRequest?> ReadAsync(Call call)
    {
        ReadOnlyMemory<byte> body = await call.Exchange.ReadBodyAsync();
        ResponsesReader.TryRead(body, call.Server.Reader, out ResponsesRequest? request, out ApiError? error);
        if (error is null && request!.PreviousResponseId is { } previous)
        {
            if (call.Server.Responses.Find(previous) is { } stored)
                request = request.Following(stored.Conversation);
            else
                error = ApiErrors.ResponseNotFound(previous) with { Param = "previous_response_id" };
        }

        if (error is null)
            return request;
        await call.FailAsync(error);
        return null;
    }

    private static AnswerRequest RequestOf(Call call, ResponsesRequest request) => new(request.Chat)
    {
        Partition = call.Partition,
        Lane = RequestLane.Of(call.Exchange, request.Chat),
        Session = RequestLane.Session(call.Exchange, request.CacheKey),
        Logprobs = request.Logprobs ? request.TopLogprobs : null,
    };
}
