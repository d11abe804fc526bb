namespace FastMlx.Chat.Templates;

/// <summary>
/// A run of characters [Start, Start + Length) of a rendered prompt that came from the request and not from the
/// template. <paramref name="Origin"/> tells from where: see <see cref="TextOrigin"/>.
/// </summary>
public readonly record struct TextSpan(int Start, int Length, int Origin)
{
    public int End => Start + Length;
}
