using FastMlx.Api;
using FastMlx.Composition.Models;
using FastMlx.Endpoints;

namespace FastMlx.Composition;

/// <summary>
/// A stream whose model is being loaded, or waits for room: it begins at once and pings until the model is there. What
/// goes wrong then is an error event. The caller gives the lease back.
/// </summary>
internal sealed class WaitingStream(
    Call call,
    PreparedAnswer answer,
    Task<(ModelLease<LoadedModel>? Lease, ApiError? Error)> rent,
    AnswerMemory memory,
    RequestTrace? trace)
{
    private const int PingsPerProgress = 4;

    /// <summary>A load that ends sooner can still be answered with a status.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);

    public static async Task<bool> IsSlowAsync(Task rent, TimeProvider time)
    {
        if (rent.IsCompleted)
            return false;
        using var limit = new CancellationTokenSource();
        Task first = await Task.WhenAny(rent, Task.Delay(Patience, time, limit.Token));
        await limit.CancelAsync();
        return first != rent;
    }

    public async Task RunAsync(IReply reply)
    {
        reply.Start(ReplyUsage.OfPrompt(answer.Prompt.Tokens.Length, cachedTokens: 0, answer.Request.MarksCache));
        await reply.FlushAsync();
        await PingAsync(reply);
        (ModelLease<LoadedModel>? lease, ApiError? error) = await rent;
        AnswerJob? job = null;
        error ??= answer.TryStart(lease!.Model, out job);
        if (error is null)
        {
            await Answerer.PumpAsync(call, job! with { IsStarted = true }, reply, memory, trace);
            return;
        }

        ServerLog.AnswerFailed(call.Server.Log, call.RequestId, error.Message);
        reply.Fail(error);
        await reply.FlushAsync();
    }

    private async Task PingAsync(IReply reply)
    {
        using var beat = new PeriodicTimer(Heartbeat, call.Server.Time);
        for (int pings = 1; ; pings++)
        {
            Task tick = beat.WaitForNextTickAsync().AsTask();
            if (await Task.WhenAny(rent, tick) == rent)
                return;
            if (pings % PingsPerProgress == 0)
                reply.Progress(thinkingTokens: 0);
            else
                reply.Ping();
            await reply.FlushAsync();
        }
    }
}
