using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Endpoints;
using FastMlx.Engine;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>Answers a completion of raw text: its prompts one after another, each a choice.</summary>
internal sealed class CompletionRun(Call call, CompletionRequest request, LoadedModel model, List<ChatPrompt> prompts)
{
    private ReplyUsage _total;

    private bool WantsLogprobs => request.Logprobs is not null;

    public async Task AnswerAsync()
    {
        // The first one is admitted before a header is sent; longer ones behind it are refused as early.
        AnswerJob? first = null;
        ApiError? error = CheckLengths()
            ?? Adjustments.Check(
                model.Generator.Model, request.Sampling, WantsLogprobs, wantsScores: request.Echo && WantsLogprobs)
            ?? TryAdmit(0, out first);
        if (error is not null)
        {
            await call.FailAsync(error);
            return;
        }

        CompletionOptions options = request.ReplyOptions(call.Server.Time.GetUtcNow().ToUnixTimeSeconds());
        // The first prompt's trace also holds what the client is sent for all of them.
        using RequestTrace? trace = Trace(0);
        if (request.Stream)
        {
            await call.StreamAsync(stream => RunAllAsync(
                first!, new CompletionStreamReply(trace?.Over(stream) ?? stream, call.Server.Ids, options), trace));
            return;
        }

        var whole = new CompletionWholeReply(call.Server.Ids, options);
        await RunAllAsync(first!, whole, trace);
        trace?.KeepBody(whole.Body);
        if (whole.Error is { } failure)
            await call.FailAsync(failure);
        else
            await call.RespondAsync(200, whole.Body);
    }

    private async Task RunAllAsync(AnswerJob first, ICompletionReply reply, RequestTrace? firstTrace)
    {
        AnswerJob job = first;
        for (int i = 0; ;)
        {
            using RequestTrace? trace = i == 0 ? null : Trace(i);
            if (!await RunOneAsync(job, i, reply, trace ?? firstTrace))
                return;
            if (++i == prompts.Count)
                break;
            if (TryAdmit(i, out AnswerJob? next) is { } error)
            {
                reply.Fail(error);
                await reply.FlushAsync();
                return;
            }

            job = next!;
        }

        await reply.EndAsync(_total);
    }

    private RequestTrace? Trace(int index) => RequestTrace.Begin(
        call.Server, index == 0 ? call.RequestId : $"{call.RequestId}-{index}", model.Text, prompts[index]);

    private async Task<bool> RunOneAsync(AnswerJob job, int index, ICompletionReply reply, RequestTrace? trace)
    {
        reply.Begin(index, request.Echo ? RawPrompts.TextOf(model, request.Prompts[index]) : null);
        using var memory = new AnswerMemory(call.Server.Ids);
        AnswerOutcome outcome = await AnswerRun.RunAsync(
            call.Server, call.RequestId, job, reply, memory, trace, call.Exchange.Aborted);
        ReplyUsage usage = outcome.Usage;
        _total = new ReplyUsage(
            _total.InputTokens + usage.InputTokens, _total.CacheReadTokens + usage.CacheReadTokens, 0,
            _total.OutputTokens + usage.OutputTokens, 0);
        return outcome.Error is null;
    }

    private ApiError? CheckLengths()
    {
        int most = model.Generator.ContextLength - 1;
        int longest = prompts.Max(prompt => prompt.Tokens.Length);
        return longest > most ? ApiErrors.PromptTooLong(longest, most) : null;
    }

    private ApiError? TryAdmit(int index, out AnswerJob? job)
    {
        job = null;
        ChatPrompt prompt = prompts[index];
        ApiError? error = Admission.TrySubmit(model, prompt, room => Ask(prompt, room), out Generation? generation);
        if (generation is not null)
        {
            job = new AnswerJob(model, prompt, generation, model.Text.CreateRawDecoder(request.StopSequences))
            {
                IsPrefillOnly = request.MaxTokens == 0,
                PromptText = request.Prompts[index].Text,
            };
        }

        return error;
    }

    private GenerationRequest Ask(ChatPrompt prompt, int room)
    {
        GenerationRequest asked = model.Text.Request(request.Sampling, request.MaxTokens, prompt.Tokens, room);
        return asked with
        {
            StopTokens = model.Text.StopTokens(request.Sampling, request.IgnoresEnd),
            Logprobs = request.Logprobs ?? -1,
            PromptLogprobs = request.Echo ? request.Logprobs ?? -1 : -1,
            Partition = call.Partition,
            Session = RequestLane.Session(call.Exchange, request.CacheKey),
        };
    }
}
