using FastMlx.Api;
using FastMlx.Chat.Templates;
using FastMlx.Chat.Tokenization;
using FastMlx.Configuration;
using FastMlx.Engine;
using FastMlx.Hub;

namespace FastMlx.Composition.Models;

/// <summary>
/// What a client hears of a model that cannot be loaded. What will fail again is its request's fault (400: a client
/// must not repeat it); what may pass is the server's (503).
/// </summary>
internal static class LoadProblem
{
    private const int RetrySeconds = 10;

    /// <summary>Null for what nobody expects: our own fault.</summary>
    public static ApiError? Of(string model, Exception error) => error switch
    {
        OperationCanceledException => ApiErrors.ShuttingDown(retryAfterSeconds: 1),
        ModelException { Kind: ModelFailure.NoMemory or ModelFailure.Io or ModelFailure.Internal }
            or IOException or UnauthorizedAccessException => Passing(model, error),
        LoadException or ModelFileException or HubException or ModelException or TokenizerException
            or TemplateException or OptionsException or InvalidDataException
            => ApiErrors.Invalid(Sentence(model, error), "model"),
        _ => null,
    };

    private static ApiError Passing(string model, Exception error) =>
        new(ApiErrorKind.Unavailable, Sentence(model, error)) { RetryAfterSeconds = RetrySeconds };

    private static string Sentence(string model, Exception error) =>
        $"The model {model} cannot be loaded: {error.Message}";
}
