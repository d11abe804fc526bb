using FastMlx.Api;
using FastMlx.Endpoints;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>What the chat endpoints share: admit the request, then stream or collect the answer.</summary>
internal static class Answerer
{
    public static async Task AnswerAsync(Call call, AnswerRequest request, ReplyForm form)
    {
        ApiError? error = Admission.TryAdmit(call.Server, request, out AnswerJob? job);
        if (error is not null)
        {
            await call.FailAsync(error);
            return;
        }

        try
        {
            await RunAsync(call, job!, form);
        }
        finally
        {
            job!.Generation.Cancel();
        }
    }

    private static async Task RunAsync(Call call, AnswerJob job, ReplyForm form)
    {
        using var memory = new AnswerMemory(call.Server.Ids);
        using RequestTrace? trace = RequestTrace.Begin(call, job);
        if (form.IsStream)
        {
            AnswerHeaders.SetPrompt(call.Exchange, job.Prompt.Tokens.Length);
            await call.StreamAsync(stream => PumpAsync(form.Stream(trace?.Over(stream) ?? stream, memory)));
            return;
        }

        IWholeReply whole = form.Whole(memory);
        AnswerOutcome outcome = await PumpAsync(whole);
        AnswerHeaders.Set(call.Exchange, job.Prompt, outcome.Stats);
        trace?.KeepBody(whole.Body);
        if (whole.Error is { } error)
            await call.FailAsync(error);
        else
            await call.RespondAsync(200, whole.Body);

        async Task<AnswerOutcome> PumpAsync(IReply reply)
        {
            AnswerOutcome ended = await AnswerRun.RunAsync(
                call.Server, call.RequestId, job, reply, memory, call.Exchange.Aborted);
            trace?.End(ended, memory);
            return ended;
        }
    }
}
