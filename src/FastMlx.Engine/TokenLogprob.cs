namespace FastMlx.Engine;

/// <summary>A token and the natural logarithm of its probability before temperature, filters and penalties.</summary>
public readonly record struct TokenLogprob(int Token, float Logprob);
