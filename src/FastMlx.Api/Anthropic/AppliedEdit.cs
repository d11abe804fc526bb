namespace FastMlx.Api;

/// <summary>What one edit of context_management took out. Tokens are estimated from characters.</summary>
public sealed record AppliedEdit(string Type, int ToolUses, int ThinkingTurns, int InputTokens);
