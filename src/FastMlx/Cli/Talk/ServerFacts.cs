namespace FastMlx.Cli.Talk;

/// <summary>What a running server says of itself. Lengths in tokens.</summary>
internal sealed record ServerFacts(string Model, int ContextLength, int MaxOutput);
