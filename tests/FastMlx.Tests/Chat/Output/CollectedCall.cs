namespace FastMlx.Tests.Chat.Output;

internal sealed record CollectedCall(string Name, string? Id, string ArgumentsJson);
