using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>A string that means something in a format.</summary>
internal sealed class Marker(string text, MarkerKind kind, CallSyntax? syntax = null)
{
    public byte[] Bytes { get; } = Encoding.UTF8.GetBytes(text);

    public string Text { get; } = text;

    public MarkerKind Kind { get; } = kind;

    /// <summary>Reads what follows a call's marker.</summary>
    public CallSyntax? Syntax { get; } = syntax;

    public MarkerPlace Place { get; init; }
}
