using FastMlx.Api;
using FastMlx.Composition.Models;
using FastMlx.Endpoints;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>What the chat endpoints share: admit the request, then stream or collect the answer.</summary>
internal static class Answerer
{
    public static async Task AnswerAsync(Call call, AnswerRequest request, ReplyForm form)
    {
        (PreparedAnswer? answer, ApiError? error) = await Admission.PrepareAsync(call.Server, request);
        if (error is not null)
        {
            await call.FailAsync(error);
            return;
        }

        using var memory = new AnswerMemory(call.Server.Ids);
        Task<(ModelLease<LoadedModel>? Lease, ApiError? Error)> rent =
            Admission.RentAsync(call.Server, answer!.Model, call.Exchange.Aborted);
        try
        {
            // Until a model is there, a stream shows that it lives.
            if (form.IsStream && await WaitingStream.IsSlowAsync(rent, call.Server.Time))
                await WaitAsync(call, answer, rent, form, memory);
            else
                await RunAsync(call, answer, rent, form, memory);
        }
        finally
        {
            _ = GiveBackAsync(rent);
        }
    }

    /// <summary>Runs an answer for this call's client.</summary>
    public static Task<AnswerOutcome> PumpAsync(
        Call call, AnswerJob job, IReply reply, AnswerMemory memory, RequestTrace? trace) => AnswerRun.RunAsync(
            call.Server, call.RequestId, job, reply, memory, trace, call.Exchange.Aborted);

    private static async Task WaitAsync(
        Call call,
        PreparedAnswer answer,
        Task<(ModelLease<LoadedModel>? Lease, ApiError? Error)> rent,
        ReplyForm form,
        AnswerMemory memory)
    {
        using RequestTrace? trace = RequestTrace.Begin(
            call.Server, call.RequestId, answer.Text, answer.Prompt);
        AnswerHeaders.SetPrompt(call.Exchange, answer.Prompt.Tokens.Length);
        var waiting = new WaitingStream(call, answer, rent, memory, trace);
        await call.StreamAsync(stream => waiting.RunAsync(form.Stream(trace?.Over(stream) ?? stream, memory)));
    }

    private static async Task RunAsync(
        Call call,
        PreparedAnswer answer,
        Task<(ModelLease<LoadedModel>? Lease, ApiError? Error)> rent,
        ReplyForm form,
        AnswerMemory memory)
    {
        (ModelLease<LoadedModel>? lease, ApiError? error) = await rent;
        AnswerJob? job = null;
        error ??= answer.TryStart(lease!.Model, out job);
        if (error is not null)
            await call.FailAsync(error);
        else
            await RunAsync(call, answer, job!, form, memory);
    }

    // Also where the client went before the model came: a lease that nobody gives back would pin it for ever.
    private static async Task GiveBackAsync(Task<(ModelLease<LoadedModel>? Lease, ApiError? Error)> rent)
    {
        try
        {
            (await rent).Lease?.Dispose();
        }
        catch (Exception)
        {
            // There is no lease, and whoever awaited it has heard why.
        }
    }

    private static async Task RunAsync(
        Call call, PreparedAnswer answer, AnswerJob job, ReplyForm form, AnswerMemory memory)
    {
        try
        {
            using RequestTrace? trace = RequestTrace.Begin(
            call.Server, call.RequestId, answer.Text, answer.Prompt);
            if (form.IsStream)
            {
                AnswerHeaders.SetPrompt(call.Exchange, job.Prompt.Tokens.Length);
                await call.StreamAsync(stream =>
                    PumpAsync(call, job, form.Stream(trace?.Over(stream) ?? stream, memory), memory, trace));
                return;
            }

            IWholeReply whole = form.Whole(memory);
            AnswerOutcome outcome = await PumpAsync(call, job, whole, memory, trace);
            AnswerHeaders.Set(call.Exchange, job.Prompt, outcome.Stats);
            trace?.KeepBody(whole.Body);
            if (whole.Error is { } error)
                await call.FailAsync(error);
            else
                await call.RespondAsync(200, whole.Body);
        }
        finally
        {
            job.Generation.Cancel();
        }
    }
}
