namespace FastMlx.Native;

/// <summary>A token and the natural logarithm of its probability before temperature and filters.</summary>
public readonly record struct TokenLogprob(int Token, float Logprob);
