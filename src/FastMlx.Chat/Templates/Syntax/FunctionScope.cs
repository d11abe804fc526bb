namespace FastMlx.Chat.Templates;

/// <summary>What shares one <see cref="Frame"/>: the template, a macro, a block, a recursive loop's body.</summary>
internal sealed class FunctionScope(FunctionScope? parent)
{
    public int Slots { get; set; }

    public int HopsTo(FunctionScope outer)
    {
        int hops = 0;
        for (FunctionScope? scope = this; scope is not null; scope = scope.Parent, hops++)
        {
            if (ReferenceEquals(scope, outer))
                return hops;
        }

        throw new InvalidOperationException("the outer scope does not enclose this one");
    }

    private FunctionScope? Parent => parent;
}
