namespace FastMlx.Chat.Output;

/// <summary>
/// Where a call's body ends: its bytes, those of the closing tag, and whether there was a tag at all.
/// </summary>
internal readonly record struct GemmaEnd(int BodyBytes, int TagBytes, bool IsClosed);
