namespace FastMlx.Chat.Templates;

/// <summary>Where a node stands when its names are bound.</summary>
/// <param name="Scope">The scope that names are looked up in.</param>
/// <param name="Dialect">Decides which filters exist.</param>
/// <param name="IsTopLevel">Assignments here are the template's own, which blocks see.</param>
/// <param name="HasBlocks">The template has blocks at all.</param>
/// <param name="IsSoft">Under an if: an unknown filter is only an error when it is reached.</param>
/// <param name="LoopDepth">Loops of this function around the node: where break and continue may stand.</param>
internal sealed record BindContext(
    NameScope Scope, TemplateDialect Dialect, bool IsTopLevel, bool HasBlocks, bool IsSoft, int LoopDepth)
{
    public bool Exports => IsTopLevel && HasBlocks;

    public BindContext Soft() => this with { IsSoft = true };

    /// <summary>A scope inside the same function.</summary>
    public BindContext Inner() =>
        this with { Scope = new NameScope(Scope.Function, Scope), IsTopLevel = false, IsSoft = false };

    /// <summary>A function of its own that sees this scope's variables.</summary>
    public BindContext InnerFunction() => this with
    {
        Scope = new NameScope(new FunctionScope(Scope.Function), Scope),
        IsTopLevel = false,
        IsSoft = false,
        LoopDepth = 0,
    };
}
