using FastMlx.Chat.Templates;
using Microsoft.Extensions.Logging;

namespace FastMlx.Chat;

/// <summary>
/// Renders a conversation, and where the template refuses, tries again with less: each step is logged, since a prompt
/// that differs in silence makes a model behave strangely.
/// </summary>
internal sealed partial class PromptRenderer(
    ChatTemplate template, TemplateCapabilities can, PromptOptions options, ILogger log)
{
    /// <summary>What was rendered, and how much of it stands before the part that asks for an answer.</summary>
    internal sealed record Result(PromptInput Input, RenderedText Text, int HistoryLength);

    /// <exception cref="PromptException">No step of the ladder gave a prompt.</exception>
    public Result Render(ChatRequest request)
    {
        TemplateException? first = null;
        foreach ((string step, TemplateCapabilities form, var tools) in Ladder(request))
        {
            try
            {
                PromptInput input = InputOf(request, form, tools);
                RenderedText text = template.Render(PromptVariables.Of(input, form, options), options.Time);
                if (first is not null)
                    LogFallback(log, step, first.Kind, first.Message);
                return new Result(input, text, HistoryLength(input, form, text.Text));
            }
            catch (TemplateException e) when (e.Kind != TemplateErrorKind.Limit)
            {
                first ??= e;
            }
            catch (TemplateException e)
            {
                // Less would fit, but which prompt a conversation becomes must not depend on the machine's load.
                throw new PromptException($"The model's chat template takes too much: {e.Message}", e);
            }
        }

        throw new PromptException($"The model's chat template refuses this conversation: {first!.Message}", first);
    }

    private IEnumerable<(string Step, TemplateCapabilities Form, Func<ToolDefinition, ToolDefinition> Tools)>
        Ladder(ChatRequest request)
    {
        yield return ("as it is", can, tool => tool);
        if (request.Tools.Count > 0 && can.Tools)
        {
            yield return ("tool schemas without unions and untyped parts", can, SchemaSimplifier.Typed);
            yield return ("tool schemas with the first level only", can, SchemaSimplifier.Flat);
        }

        TemplateCapabilities folded = can with
        {
            SystemInside = false,
            SystemAfterTool = false,
            TextWithCalls = false,
            ParallelCalls = false,
            UserAfterTool = false,
            Reasoning = false,
            ReasoningFields = [],
            Efforts = [],
        };
        yield return ("system messages folded, one call a message, no reasoning", folded, SchemaSimplifier.Flat);
        TemplateCapabilities user = folded with { SystemFirst = false };
        yield return ("the first system message folded too", user, SchemaSimplifier.Flat);
        TemplateCapabilities text = folded with { Tools = false, ToolCalls = false };
        yield return ("tools and calls written as text", text, tool => tool);
        yield return ("everything written as user and assistant text", text with { SystemFirst = false }, tool => tool);
    }

    private static PromptInput InputOf(
        ChatRequest request, TemplateCapabilities form, Func<ToolDefinition, ToolDefinition> simplify)
    {
        var normalizer = new ConversationNormalizer(form, request.Tools);
        List<PromptMessage> messages = normalizer.Normalize(request.Messages);
        if (messages.Count == 0)
            messages.Add(new PromptMessage(ChatRole.User, "", -1));
        return new PromptInput
        {
            Messages = messages,
            Tools = form.Tools ? [.. request.Tools.Where(tool => !tool.Deferred).Select(simplify)] : [],
            AsksForAnswer = !(request.ContinueFinalMessage && messages[^1].Role == ChatRole.Assistant),
            Thinks = request.Thinking.Enabled,
            Effort = EffortOf(request.Thinking, form.Efforts),
            Arguments = request.TemplateArguments,
            CallIds = CallIds.Map(messages, form),
        };
    }

    /// <summary>The wanted effort, or the nearest one that the template takes.</summary>
    private static string? EffortOf(ThinkingOptions thinking, IReadOnlyList<string> efforts)
    {
        if (thinking.Effort is null || efforts.Count == 0)
            return null;
        if (efforts.Contains(thinking.Effort))
            return thinking.Effort;
        string[] order = ["minimal", "low", "medium", "high", "xhigh", "max"];
        int wanted = Array.IndexOf(order, thinking.Effort);
        return wanted < 0 ? null : efforts.MinBy(effort => Math.Abs(Array.IndexOf(order, effort) - wanted));
    }

    private int HistoryLength(PromptInput input, TemplateCapabilities form, string text)
    {
        if (!input.AsksForAnswer)
            return text.Length;
        try
        {
            PromptInput without = input with { AsksForAnswer = false };
            string history = template.Render(PromptVariables.Of(without, form, options), options.Time).Text;
            return text.AsSpan().CommonPrefixLength(history);
        }
        catch (TemplateException)
        {
            return text.Length;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The chat template refused this conversation ({Kind}: {Reason}). The prompt was made with: {Step}.")]
    private static partial void LogFallback(ILogger log, string step, TemplateErrorKind kind, string reason);
}
