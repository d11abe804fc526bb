namespace FastMlx.Chat.Templates;

/// <summary>A part of a compiled template. Once its names are bound, nothing changes it.</summary>
internal abstract class Node
{
    public int Line { get; init; }

    /// <summary>Visits the direct children in the order in which jinja2 lists a node's fields.</summary>
    public abstract void VisitChildren(Action<Node> visit);

    /// <summary>Tells a scope which names are loaded and stored in it; nested scopes are not entered.</summary>
    public virtual void CollectNames(NameScope scope) => VisitChildren(child => child.CollectNames(scope));

    /// <summary>Whether a name is loaded anywhere below, before anything stores it.</summary>
    public static bool Mentions(IReadOnlyList<Node> nodes, string name)
    {
        bool found = false;
        bool stored = false;
        foreach (Node node in nodes)
            Visit(node);
        return found;

        void Visit(Node node)
        {
            if (node is NameExpression loaded && loaded.Name == name && !stored)
                found = true;
            else if (node is NameTarget target && target.Name == name)
                stored = true;
            if (!found && node is not BlockStatement)
                node.VisitChildren(Visit);
        }
    }

    protected static void VisitAll(IReadOnlyList<Node> nodes, Action<Node> visit)
    {
        foreach (Node node in nodes)
            visit(node);
    }
}
