namespace FastMlx.Chat.Templates;

/// <summary>Why a template could not be compiled or rendered; the names follow Python's exceptions.</summary>
public enum TemplateErrorKind
{
    /// <summary>The template's text is not valid Jinja.</summary>
    Syntax,

    /// <summary>The template itself refused (raise_exception).</summary>
    Raised,

    /// <summary>An undefined variable or attribute was used.</summary>
    Undefined,

    /// <summary>A TypeError of Python.</summary>
    Type,

    /// <summary>A ValueError, LookupError, ArithmeticError or AssertionError of Python.</summary>
    Value,

    /// <summary>Something that the immutable sandbox forbids.</summary>
    Security,

    /// <summary>Python would exceed its recursion limit; so do we, earlier.</summary>
    Recursion,

    /// <summary>Fuel, output size, nesting or time is used up.</summary>
    Limit,

    /// <summary>Valid Jinja that chat templates cannot use here (include, import, extends).</summary>
    Unsupported,
}
