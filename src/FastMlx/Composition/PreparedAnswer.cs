using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Chat.Output;
using FastMlx.Composition.Models;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>A request that is known to be right: its model and its prompt, before the model need be there.</summary>
internal sealed record PreparedAnswer(
    ServedModel Model, ModelText Text, AnswerRequest Request, ChatPrompt Prompt)
{
    private const int ReservingContext = 8192;

    /// <summary>Whether it fits; limits that are too large are refused where the request is strict.</summary>
    public ApiError? CheckLength(int context)
    {
        int length = Prompt.Tokens.Length;
        int most = context - Reserve(context);
        if (length > most)
            return ApiErrors.PromptTooLong(length, most);
        if (!Request.IsStrict || Request.Chat.MaxTokens is not { } wanted)
            return null;
        if (wanted > context - 1)
            return ApiErrors.MaxTokensTooLarge(wanted, context - 1, Request.Chat.Model);
        return length + (long)wanted > context ? ApiErrors.InputAndOutputTooLong(length, wanted, context) : null;
    }

    // In a small context it would be more than it is worth.
    private int Reserve(int context) => context < ReservingContext
        ? 1
        : Math.Max(1, Math.Min(Request.AnswerTokensMin, Request.Chat.MaxTokens ?? int.MaxValue));

    /// <summary>Hands it to the engine.</summary>
    public ApiError? TryStart(LoadedModel loaded, out AnswerJob? job)
    {
        job = null;
        Generation? generation = null;
        GrammarConstraint? constraint = null;
        ApiError? error = CheckLength(loaded.Generator.ContextLength)
            ?? Adjustments.Check(loaded.Generator.Model, Request.Chat.Sampling, Request.Logprobs is not null)
            ?? AnswerSchema.TryCreate(loaded, Request, Prompt, out constraint)
            ?? Admission.TrySubmit(
                loaded, Prompt, room => Text.Request(Request, Prompt, room) with { Constraint = constraint },
                out generation);
        if (error is not null)
            return error;
        job = new AnswerJob(loaded, Prompt, generation!, Text.CreateDecoder(Request, Prompt))
        {
            MarksCache = Request.MarksCache,
            IsPrefillOnly = Request.Chat.MaxTokens == 0,
            HasThinkingBudget = Text.CanEndThinking && Text.ThinkingBudget(Request.Chat.Thinking) > 0,
            Replay = Text.Prompts.Replay,
        };
        return null;
    }
}
