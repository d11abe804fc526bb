namespace FastMlx.Api;

/// <summary>A text, or tokens of the model's own vocabulary: exactly one of them.</summary>
public sealed record CompletionPrompt(string? Text, int[]? Tokens);
