namespace FastMlx.Chat.Output;

/// <summary>What stands in an opening tag: the name, and the attributes behind it as text.</summary>
internal sealed record TagHeader(string Name, string Attributes);
