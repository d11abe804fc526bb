using System.Text.Json;

namespace FastMlx.Chat;

/// <summary>
/// A conversation and what is wanted next, in the domain's words; both wire APIs are read into it. Immutable.
/// JSON texts are kept as the client wrote them (key order, number spelling) with lone surrogates already replaced.
/// </summary>
public sealed record ChatRequest
{
    /// <summary>The model name exactly as requested.</summary>
    public required string Model { get; init; }

    /// <summary>System messages stand where the client put them; consecutive equal roles are allowed.</summary>
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    public IReadOnlyList<ToolDefinition> Tools { get; init; } = [];
    public ToolChoice ToolChoice { get; init; } = ToolChoice.Auto;
    public bool ParallelToolCalls { get; init; } = true;
    public ThinkingOptions Thinking { get; init; } = ThinkingOptions.Absent;
    public SamplingOptions Sampling { get; init; } = new();

    /// <summary>Null: up to the server's default.</summary>
    public int? MaxTokens { get; init; }

    public IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>A JSON schema that the answer must satisfy, "{}" for any JSON, null for text.</summary>
    public string? ResponseSchemaJson { get; init; }

    /// <summary>chat_template_kwargs: an object, or null.</summary>
    public JsonElement? TemplateArguments { get; init; }

    /// <summary>The last message is an assistant's and is to be continued, not answered.</summary>
    public bool ContinueFinalMessage { get; init; }
}

public enum ChatRole
{
    System,
    User,
    Assistant,
    Tool,
}

public sealed record ChatMessage(ChatRole Role, IReadOnlyList<ContentPart> Parts)
{
    public static ChatMessage OfText(ChatRole role, string text) => new(role, [new TextPart(text)]);
}

/// <summary>A closed union: the cases are the sealed records of this file.</summary>
public abstract record ContentPart;

public sealed record TextPart(string Text) : ContentPart;

/// <summary>Reasoning given back by the client; the signature is the handle that we issued, or empty.</summary>
public sealed record ThinkingPart(string Text, string Signature) : ContentPart;

/// <summary>A call that the assistant made. <paramref name="ArgumentsJson"/> is a JSON object as text.</summary>
public sealed record ToolCallPart(string Id, string Name, string ArgumentsJson) : ContentPart;

/// <summary>A call's result: text, media and tool references.</summary>
public sealed record ToolResultPart(string CallId, IReadOnlyList<ContentPart> Content, bool IsError) : ContentPart;

/// <summary>Makes a deferred tool available from here on: its definition is rendered at this place.</summary>
public sealed record ToolReferencePart(string Name) : ContentPart;

/// <summary>
/// An image or document that the model cannot see; <paramref name="Note"/> is the text it gets instead.
/// </summary>
public sealed record MediaPart(string MediaType, string Note) : ContentPart;

/// <summary>A tool on offer. <paramref name="SchemaJson"/> is the parameters' JSON schema, an object.</summary>
public sealed record ToolDefinition(string Name, string Description, string SchemaJson)
{
    /// <summary>Not rendered in the prompt's head, only where a <see cref="ToolReferencePart"/> names it.</summary>
    public bool Deferred { get; init; }

    public bool Strict { get; init; }
}

public enum ToolChoiceKind
{
    Auto,
    None,
    Any,
    Named,
}

public sealed record ToolChoice(ToolChoiceKind Kind, string? Name = null)
{
    public static readonly ToolChoice Auto = new(ToolChoiceKind.Auto);
    public static readonly ToolChoice None = new(ToolChoiceKind.None);
    public static readonly ToolChoice Any = new(ToolChoiceKind.Any);
}

/// <summary>Whether the model may reason first, and how much. BudgetTokens 0 = no limit of its own.</summary>
public sealed record ThinkingOptions(bool Enabled, int BudgetTokens = 0, string? Effort = null)
{
    public static readonly ThinkingOptions Absent = new(false);
}

/// <summary>Null: not asked for, so the model's generation_config or the server's default decides.</summary>
public sealed record SamplingOptions
{
    public float? Temperature { get; init; }
    public float? TopP { get; init; }
    public int? TopK { get; init; }
    public float? MinP { get; init; }
    public ulong? Seed { get; init; }

    /// <summary>Off a token's logit for each time that it stands in the answer.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>Off a token's logit where it stands in the answer.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Divides positive logits of tokens in prompt or answer, multiplies negative ones; 1: off.</summary>
    public float? RepetitionPenalty { get; init; }

    /// <summary>Added to tokens' logits; -infinity bans.</summary>
    public IReadOnlyList<TokenBias> Biases { get; init; } = [];

    /// <summary>Tokens of the answer before which no stop token is chosen.</summary>
    public int TokensMin { get; init; }

    /// <summary>Further tokens that end the answer.</summary>
    public IReadOnlyList<int> StopTokens { get; init; } = [];
}

/// <summary>A token of the model's vocabulary and what is added to its logit.</summary>
public readonly record struct TokenBias(int Token, float Value);
