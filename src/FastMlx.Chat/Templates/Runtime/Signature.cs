namespace FastMlx.Chat.Templates;

/// <summary>Parameter names of a built-in, the first <paramref name="Required"/> of which must be given.</summary>
internal sealed record Signature(int Required, params string[] Names)
{
    public static readonly Signature Nothing = new(0);
    public static readonly Signature Iterable = new(1, "iterable");
}
