using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Chat.Output;
using FastMlx.Composition.Models;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>
/// From a request to a running generation, or to the error that is answered instead. Everything that can be refused is
/// refused here, before the first header of a stream. <see cref="PrepareAsync"/> needs no weights; a stream of a model
/// that must be loaded first begins behind it.
/// </summary>
internal static class Admission
{
    /// <summary>The request as a prompt of its model, or why it is none.</summary>
    public static async Task<(PreparedAnswer? Answer, ApiError? Error)> PrepareAsync(
        Server server, AnswerRequest request)
    {
        (ModelText? text, ApiError? error) = await TextAsync(server, request.Chat.Model);
        if (error is not null)
            return (null, error);
        error = TryBuild(text!, request.Chat, out ChatPrompt? prompt);
        if (error is not null)
            return (null, error);
        ServedModel model = server.Models.Find(request.Chat.Model)!;
        var answer = new PreparedAnswer(model, text!, request, prompt!);
        return answer.CheckLength(model.ContextLength) is { } tooLong ? (null, tooLong) : (answer, null);
    }

    /// <summary>The text room of the model that a name means.</summary>
    public static async Task<(ModelText? Text, ApiError? Error)> TextAsync(Server server, string name)
    {
        if (server.Models.Find(name) is not { } model)
            return (null, ApiErrors.ModelNotFound(name));
        try
        {
            return (await model.TextAsync(), null);
        }
        catch (Exception e) when (LoadProblem.Of(model.Name, e) is { } error)
        {
            ServerLog.Warn(server.Log, error.Message);
            return (null, error);
        }
    }

    /// <summary>The model in memory, which the caller gives back; or why it cannot be there.</summary>
    public static async Task<(ModelLease<LoadedModel>? Lease, ApiError? Error)> RentAsync(
        Server server, ServedModel model, CancellationToken aborted)
    {
        try
        {
            return (await server.Models.RentAsync(model, aborted), null);
        }
        catch (Exception e) when (!aborted.IsCancellationRequested && LoadProblem.Of(model.Name, e) is { } error)
        {
            ServerLog.Warn(server.Log, error.Message);
            return (null, error);
        }
    }

    /// <summary>The prompt, or why the model's template refuses it.</summary>
    public static ApiError? TryBuild(ModelText model, ChatRequest chat, out ChatPrompt? prompt)
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
        GenerationRequest request = ask(model.Generator.ContextLength - length);
        // An engine that cannot change logits ignores wishes to; what a request cannot do without was refused before.
        if (!model.Generator.Model.CanAdjust)
            request = request with { Adjust = null };
        return Error(model.Generator.Submit(request, out generation), length, most);
    }

    /// <summary>The error of a refusal; null for none.</summary>
    public static ApiError? Error(SubmitResult result, int length, int most) => result switch
    {
        SubmitResult.Accepted => null,
        SubmitResult.QueueFull => ApiErrors.Overloaded(retryAfterSeconds: 2),
        SubmitResult.PromptTooLong or SubmitResult.NotEnoughMemory => ApiErrors.PromptTooLong(length, most),
        _ => ApiErrors.ShuttingDown(retryAfterSeconds: 2),
    };
}
