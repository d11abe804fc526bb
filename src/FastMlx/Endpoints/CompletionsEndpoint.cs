using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Composition;
using FastMlx.Composition.Models;

namespace FastMlx.Endpoints;

/// <summary>POST /v1/completions: raw text, no conversation.</summary>
internal static class CompletionsEndpoint
{
    public static async Task CreateAsync(Call call)
    {
        ReadOnlyMemory<byte> body = await call.Exchange.ReadBodyAsync();
        List<ChatPrompt> prompts = [];
        CompletionReader.TryRead(body, call.Server.Reader, out CompletionRequest? request, out ApiError? error);
        ServedModel? model = error is null ? call.Server.Models.Find(request!.Model) : null;
        if (error is null && model is null)
            error = ApiErrors.ModelNotFound(request!.Model);
        if (error is null)
            error = (await Admission.TextAsync(call.Server, request!.Model)).Error;
        if (error is not null)
        {
            await call.FailAsync(error);
            return;
        }

        // The head of a stream waits with it: its prompts may be ids, which only the loaded model can judge.
        (ModelLease<LoadedModel>? lease, error) = await Admission.RentAsync(
            call.Server, model!, call.Exchange.Aborted);
        using (lease)
        {
            error ??= RawPrompts.TryBuild(lease!.Model, request!, out prompts);
            if (error is not null)
                await call.FailAsync(error);
            else
                await new CompletionRun(call, request!, lease!.Model, prompts).AnswerAsync();
        }
    }
}
