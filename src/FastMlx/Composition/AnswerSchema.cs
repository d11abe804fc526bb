using FastMlx.Api;
using FastMlx.Chat;
using FastMlx.Chat.Grammar;

namespace FastMlx.Composition;

/// <summary>
/// From a request's schema to what holds the answer to it. Not held are answers that may be tool calls, those that the
/// request begins itself, and those of models that answer in channels.
/// </summary>
internal static class AnswerSchema
{
    /// <summary>The constraint, null where there is none; or why the schema cannot be kept.</summary>
    public static ApiError? TryCreate(
        LoadedModel loaded, AnswerRequest request, ChatPrompt prompt, out GrammarConstraint? constraint)
    {
        constraint = null;
        ChatRequest chat = request.Chat;
        bool mayCall = chat.Tools.Count > 0 && chat.ToolChoice.Kind != ToolChoiceKind.None;
        bool isHeld = chat.ResponseSchemaJson is not null && !mayCall
            && prompt.Primed.Length == 0 && !request.IgnoresEnd
            && loaded.Text.CanEndThinking && loaded.Text.EndTokens.Length > 0 && loaded.Generator.Model.CanAdjust;
        if (!isHeld)
            return null;
        try
        {
            JsonGrammar grammar = loaded.Grammars.Of(chat.ResponseSchemaJson!);
            if (request.IsStrict && grammar.Ignored.Count > 0)
                return Refused($"it uses {string.Join(", ", grammar.Ignored)}, which cannot be enforced");
            string close = prompt.ReasoningOpen ? loaded.Text.Format.ThoughtClose : "";
            constraint = new GrammarConstraint(new GrammarMatcher(grammar, close));
            return null;
        }
        catch (GrammarException e)
        {
            return Refused(e.Message);
        }
    }

    private static ApiError Refused(string why) =>
        ApiErrors.Invalid($"The answer's JSON schema cannot be kept: {why}.");
}
