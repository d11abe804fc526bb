using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// `thinking` in its forms. Every form is accepted for every model: models without reasoning ignore it.
/// </summary>
internal static class ThinkingReader
{
    internal readonly record struct Result(ThinkingOptions Options, ThinkingDisplay Display);

    public static Result Read(JsonValue thinking, int? maxTokens, string? effort, ReadContext context)
    {
        if (thinking.IsNull)
            return new Result(ThinkingOptions.Absent with { Effort = effort }, ThinkingDisplay.Summarized);
        if (!thinking.IsObject)
        {
            context.Problems.Add("thinking", "Input should be a valid dictionary");
            return new Result(ThinkingOptions.Absent, ThinkingDisplay.Summarized);
        }
        context.CheckNames(thinking, "thinking", "thinking", KnownFields.Thinking);
        string? type = context.RequiredText(thinking, "type"u8, "thinking.type");
        if (context.IsStrict && type is not (null or "enabled" or "disabled" or "adaptive"))
        {
            context.Problems.Add("thinking",
                $"Input tag '{type}' found using 'type' does not match any of the expected tags: "
                + "'adaptive', 'disabled', 'enabled'");
        }
        bool isEnabled = type != "disabled";
        int budget = type == "enabled" ? ReadBudget(thinking, maxTokens, context) : 0;
        return new Result(new ThinkingOptions(isEnabled, budget, effort), ReadDisplay(thinking, context));
    }

    private static int ReadBudget(JsonValue thinking, int? maxTokens, ReadContext context)
    {
        const string Path = "thinking.enabled.budget_tokens";
        long? budget = context.OptionalInteger(thinking, "budget_tokens"u8, Path, context.IsStrict ? 1024 : 0);
        if (context.IsStrict && budget is null)
            context.Problems.Add(Path, "Field required");
        if (context.IsStrict && budget >= maxTokens)
            context.Problems.Add("", "max_tokens must be greater than thinking.budget_tokens");
        return budget is null ? 0
            : ReadContext.Clamp(Math.Min(budget.Value, maxTokens is > 1 ? maxTokens.Value - 1 : budget.Value));
    }

    private static ThinkingDisplay ReadDisplay(JsonValue thinking, ReadContext context)
    {
        string? display = context.OptionalText(thinking, "display"u8, "thinking.display");
        if (context.IsStrict && display is not (null or "summarized" or "omitted" or "updates"))
            context.Problems.Add("thinking.display", "Input should be 'summarized', 'omitted' or 'updates'");
        return display switch
        {
            "omitted" => ThinkingDisplay.Omitted,
            "updates" => ThinkingDisplay.Updates,
            _ => ThinkingDisplay.Summarized,
        };
    }
}
