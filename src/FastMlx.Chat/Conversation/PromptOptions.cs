using FastMlx.Chat.Templates;

namespace FastMlx.Chat;

/// <summary>What a model's files say about its prompts.</summary>
public sealed record PromptOptions
{
    /// <summary>bos_token, eos_token, … that the tokenizer has, by variable name.</summary>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Texts of the tokens that end an answer. The replay memory looks for them behind an answer in the history.
    /// </summary>
    public IReadOnlyList<string> StopTexts { get; init; } = [];

    /// <summary>The opening of a forced call; the argument is the tool's name, or null for any tool.</summary>
    public Func<string?, string> PrimeCall { get; init; } = _ => "";

    /// <summary>Ends an open reasoning block, for a call that is forced; empty where the model has none.</summary>
    public string ThoughtClose { get; init; } = "";

    public TemplateLimits Limits { get; init; } = TemplateLimits.Default;

    /// <summary>For strftime_now. A prompt that shows more than the date shares no prefix with the next.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Remembers sampled answers; null: histories are always rendered.</summary>
    public ReplayMemory? Replay { get; init; }
}
