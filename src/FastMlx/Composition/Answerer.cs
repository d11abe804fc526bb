using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Endpoints;
using FastMlx.Engine;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>
/// What the chat endpoints share: build the prompt, admit it, then stream or collect the answer. Everything that can be
/// refused is refused with a status before the first header of a stream.
/// </summary>
internal static class Answerer
{
    public static async Task AnswerAsync(Call call, ChatRequest chat, bool marksCache, ReplyForm form)
    {
        LoadedModel model = call.Server.ModelFor(chat.Model);
        ChatPrompt prompt;
        try
        {
            prompt = model.Prompts.Build(chat);
        }
        catch (PromptException e)
        {
            await call.FailAsync(ApiErrors.Invalid(e.Message));
            return;
        }

        ApiError? error = Submit(call, model, chat, prompt, out Generation? generation);
        if (error is not null)
        {
            await call.FailAsync(error);
            return;
        }

        call.Server.Activity.Add(generation!, call.RequestId);
        try
        {
            await RunAsync(call, new AnswerJob(model, chat, prompt, generation!, marksCache), form);
        }
        finally
        {
            generation!.Cancel();
            call.Server.Activity.Remove(generation);
        }
    }

    private static async Task RunAsync(Call call, AnswerJob job, ReplyForm form)
    {
        using var memory = new AnswerMemory(call.Server.Ids);
        if (form.IsStream)
        {
            await using EventStream stream = await call.BeginEventsAsync();
            await PumpAsync(form.Stream(stream, memory));
            return;
        }

        IWholeReply whole = form.Whole(memory);
        await PumpAsync(whole);
        if (whole.Error is { } error)
            await call.FailAsync(error);
        else
            await call.RespondAsync(200, whole.Body);

        async Task PumpAsync(IReply reply)
        {
            var pump = new AnswerPump(job, reply, memory);
            AnswerOutcome outcome = await pump.RunAsync(call.Server.Time, call.Exchange.Aborted);
            call.Server.Finished(call, job, outcome);
        }
    }

    private static ApiError? Submit(
        Call call, LoadedModel model, ChatRequest chat, ChatPrompt prompt, out Generation? generation)
    {
        generation = null;
        int most = model.Generator.ContextLength - 1;
        if (prompt.Tokens.Length > most)
            return ApiErrors.PromptTooLong(prompt.Tokens.Length, most);
        GenerationRequest request = model.Request(
            chat,
            prompt,
            room: model.Generator.ContextLength - prompt.Tokens.Length,
            RequestLane.Of(call.Exchange, chat),
            RequestLane.Session(call.Exchange));
        return model.Generator.Submit(request, out generation) switch
        {
            SubmitResult.Accepted => null,
            SubmitResult.QueueFull => ApiErrors.Overloaded(retryAfterSeconds: 2),
            SubmitResult.PromptTooLong or SubmitResult.NotEnoughMemory =>
                ApiErrors.PromptTooLong(prompt.Tokens.Length, most),
            _ => ApiErrors.ShuttingDown(retryAfterSeconds: 2),
        };
    }
}
