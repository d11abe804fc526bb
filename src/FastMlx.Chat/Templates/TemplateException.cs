namespace FastMlx.Chat.Templates;

/// <summary>The only exception that compiling and rendering a template throws.</summary>
public sealed class TemplateException : Exception
{
    public TemplateException(TemplateErrorKind kind, string message, int line = 0)
        : base(message)
    {
        Kind = kind;
        Line = line;
    }

    public TemplateErrorKind Kind { get; }

    /// <summary>Line in the template from 1; 0 where it is not known.</summary>
    public int Line { get; }

    internal static TemplateException Type(string message) => new(TemplateErrorKind.Type, message);

    internal static TemplateException Value(string message) => new(TemplateErrorKind.Value, message);

    internal static TemplateException Limit(string message) => new(TemplateErrorKind.Limit, message);
}
