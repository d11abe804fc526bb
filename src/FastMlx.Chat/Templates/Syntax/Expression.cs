namespace FastMlx.Chat.Templates;

/// <summary>
/// Something that has a value. <see cref="Depth"/> bounds the recursion that evaluating it takes; the parser refuses
/// what is too deep.
/// </summary>
internal abstract class Expression : Node
{
    public int Depth { get; protected init; } = 1;

    public abstract Value Evaluate(Frame frame);

    public virtual void Bind(BindContext context) => VisitChildren(child => ((Expression)child).Bind(context));

    protected static int DepthOver(params IReadOnlyList<Expression?> children)
    {
        int depth = 0;
        foreach (Expression? child in children)
            depth = Math.Max(depth, child?.Depth ?? 0);
        return depth + 1;
    }
}
