namespace FastMlx.Chat.Output;

/// <summary>
/// A call that the end of the answer cut off: what was complete of it. It is never delivered as a call.
/// </summary>
public sealed record TruncatedCall(string Name, string? Id, string ArgumentsJson);
