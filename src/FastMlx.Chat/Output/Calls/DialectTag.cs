namespace FastMlx.Chat.Output;

/// <summary>The roles of tags in a <see cref="TagDialect"/>.</summary>
internal enum DialectTag
{
    ParameterOpen,
    ParameterClose,
    FunctionOpen,
    FunctionClose,
    BlockOpen,
    BlockClose,

    /// <summary>The beginning of a closing tag that resembles the function's: `&lt;/function_invocation&gt;`.</summary>
    FunctionCloseStem,

    None,
    Partial,
    End,
}
