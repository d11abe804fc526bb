using FastMlx.Api;
using FastMlx.Composition.Batches;

namespace FastMlx.Endpoints;

/// <summary>/v1/messages/batches and what is below it.</summary>
internal static class BatchesEndpoint
{
    private const string Results = "/results";
    private const string Cancel = "/cancel";

    public static async Task CreateAsync(Call call)
    {
        ReadOnlyMemory<byte> body = await call.Exchange.ReadBodyAsync();
        if (!BatchReader.TryRead(
            body, call.Server.Reader, out IReadOnlyList<BatchRequest>? requests, out ApiError? error))
        {
            await call.FailAsync(error);
            return;
        }

        if (call.Server.Batches.Add(call.Server.Ids.Batch(), requests) is { } info)
            await AnswerAsync(call, info);
        else
            await call.FailAsync(ApiErrors.RateLimited(retryAfterSeconds: 60));
    }

    public static async Task ListAsync(Call call)
    {
        if (!ModelPage.TryRead(call.Exchange.Query, out ModelPage page, out ApiError? error))
        {
            await call.FailAsync(error);
            return;
        }

        await call.RespondAsync(
            200, output => BatchBody.WriteList(output, call.Server.Batches.List(), page, BaseUrl(call)));
    }

    /// <summary>GET /v1/messages/batches/{id} and /v1/messages/batches/{id}/results.</summary>
    public static async Task GetAsync(Call call)
    {
        bool wantsResults = call.Tail.EndsWith(Results, StringComparison.Ordinal);
        if (await FindAsync(call, wantsResults ? call.Tail[..^Results.Length] : call.Tail) is not { } batch)
            return;
        if (!wantsResults)
            await AnswerAsync(call, batch.Info);
        else if (batch.Info.Status == BatchStatus.Ended)
            await call.Exchange.RespondAsync(200, "application/x-jsonl", batch.Folder.ReadResults());
        else
            await call.FailAsync(ApiErrors.BatchNotEnded(batch.Info.Id));
    }

    /// <summary>POST /v1/messages/batches/{id}/cancel.</summary>
    public static async Task CancelAsync(Call call)
    {
        if (!call.Tail.EndsWith(Cancel, StringComparison.Ordinal))
            await call.FailAsync(ApiErrors.RouteNotFound("POST", call.Path));
        else if (await FindAsync(call, call.Tail[..^Cancel.Length]) is { } batch)
            await AnswerAsync(call, batch.Cancel(call.Server.Time.GetUtcNow()));
    }

    public static async Task DeleteAsync(Call call)
    {
        if (await FindAsync(call, call.Tail) is not { } batch)
            return;
        if (batch.Info.Status != BatchStatus.Ended)
        {
            await call.FailAsync(ApiErrors.BatchNotEnded(batch.Info.Id));
            return;
        }

        call.Server.Batches.Remove(batch);
        await call.RespondAsync(200, output => BatchBody.WriteDeleted(output, batch.Info.Id));
    }

    private static async Task<Batch?> FindAsync(Call call, string id)
    {
        Batch? batch = call.Server.Batches.Find(id);
        if (batch is null)
            await call.FailAsync(ApiErrors.BatchNotFound(id));
        return batch;
    }

    private static ValueTask AnswerAsync(Call call, BatchInfo info) =>
        call.RespondAsync(200, output => BatchBody.WriteOne(output, info, BaseUrl(call)));

    private static string BaseUrl(Call call) => "http://" + (call.Exchange.Header("host") ?? "localhost");
}
