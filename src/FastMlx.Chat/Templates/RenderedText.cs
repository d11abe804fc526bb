namespace FastMlx.Chat.Templates;

/// <summary>
/// A rendered prompt. <paramref name="Marked"/> holds, ascending and without overlap, the runs that came from the
/// request: they must be encoded without special-token parsing.
/// </summary>
public sealed record RenderedText(string Text, IReadOnlyList<TextSpan> Marked);
