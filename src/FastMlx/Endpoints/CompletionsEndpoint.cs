using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Composition;

namespace FastMlx.Endpoints;

/// <summary>POST /v1/completions: raw text, no conversation.</summary>
internal static class CompletionsEndpoint
{
    public static async Task CreateAsync(Call call)
    {
        ReadOnlyMemory<byte> body = await call.Exchange.ReadBodyAsync();
        List<ChatPrompt> prompts = [];
        bool isRead = CompletionReader.TryRead(
            body, call.Server.Reader, out CompletionRequest? request, out ApiError? error);
        if (isRead && request!.Logprobs is not null)
            error = Unavailable.Logprobs();
        LoadedModel model = call.Server.ModelFor(request?.Model ?? "");
        error ??= RawPrompts.TryBuild(model, request!, out prompts);
        if (error is not null)
            await call.FailAsync(error);
        else
            await new CompletionRun(call, request!, model, prompts).AnswerAsync();
    }
}
