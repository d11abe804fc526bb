using FastMlx.Chat;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>An admitted request: who answers what.</summary>
/// <param name="MarksCache">Prompt tokens that were computed count as cache writes.</param>
internal sealed record AnswerJob(
    LoadedModel Model, ChatRequest Chat, ChatPrompt Prompt, Generation Generation, bool MarksCache);
