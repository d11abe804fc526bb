using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Chat.Output;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>
/// From a request to a running generation, or to the error that is answered instead. Everything that can be refused is
/// refused here, before the first header of a stream.
/// </summary>
internal static class Admission
{
    public static ApiError? TryAdmit(Server server, AnswerRequest request, out AnswerJob? job)
    {
        job = null;
        Generation? generation = null;
        LoadedModel model = server.ModelFor(request.Chat.Model);
        ApiError? error = TryBuild(model, request.Chat, out ChatPrompt? prompt)
            ?? (request.IsStrict ? CheckLimits(model, request.Chat, prompt!) : null)
            ?? TrySubmit(model, prompt!, room => model.Request(request, prompt!, room), out generation);
        if (error is not null)
            return error;
        ThinkingOptions thinking = request.Chat.Thinking;
        job = new AnswerJob(model, prompt!, generation!, model.CreateDecoder(request, prompt!))
        {
            MarksCache = request.MarksCache,
            IsPrefillOnly = request.Chat.MaxTokens == 0,
            HasThinkingBudget = thinking is { Enabled: true, BudgetTokens: > 0 } && model.CanEndThinking,
            Replay = model.Prompts.Replay,
        };
        return null;
    }

    /// <summary>The prompt, or why the model's template refuses it.</summary>
    public static ApiError? TryBuild(LoadedModel model, ChatRequest chat, out ChatPrompt? prompt)
    {
        try
        {
            prompt = model.Prompts.Build(chat);
            return null;
        }
        catch (PromptException e)
        {
            prompt = null;
            return ApiErrors.Invalid(e.Message);
        }
    }

    /// <summary>Hands a prompt to the engine. <paramref name="ask"/> is given the tokens that fit behind it.</summary>
    public static ApiError? TrySubmit(
        LoadedModel model, ChatPrompt prompt, Func<int, GenerationRequest> ask, out Generation? generation)
    {
        generation = null;
        int most = model.Generator.ContextLength - 1;
        int length = prompt.Tokens.Length;
        if (length > most)
            return ApiErrors.PromptTooLong(length, most);
        return Error(
            model.Generator.Submit(ask(model.Generator.ContextLength - length), out generation), length, most);
    }

    /// <summary>The error of a refusal; null for none.</summary>
    public static ApiError? Error(SubmitResult result, int length, int most) => result switch
    {
        SubmitResult.Accepted => null,
        SubmitResult.QueueFull => ApiErrors.Overloaded(retryAfterSeconds: 2),
        SubmitResult.PromptTooLong or SubmitResult.NotEnoughMemory => ApiErrors.PromptTooLong(length, most),
        _ => ApiErrors.ShuttingDown(retryAfterSeconds: 2),
    };

    /// <summary>What only the strict server refuses.</summary>
    private static ApiError? CheckLimits(LoadedModel model, ChatRequest chat, ChatPrompt prompt)
    {
        int context = model.Generator.ContextLength;
        int length = prompt.Tokens.Length;
        if (chat.MaxTokens is not { } wanted || length >= context)
            return null;
        if (wanted > context - 1)
            return ApiErrors.MaxTokensTooLarge(wanted, context - 1, chat.Model);
        return length + (long)wanted > context ? ApiErrors.InputAndOutputTooLong(length, wanted, context) : null;
    }
}
