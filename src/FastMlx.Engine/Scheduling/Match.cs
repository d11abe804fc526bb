namespace FastMlx.Engine.Scheduling;

/// <summary>
/// What the cache has for a prompt: a timeline whose first Length tokens may be taken over, and how many tokens any
/// timeline shares (more than Length where state cannot be cut there).
/// </summary>
internal readonly record struct Match(Timeline? Source, int Length, int Shared);
