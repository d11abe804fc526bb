namespace FastMlx.Engine.Scheduling;

/// <summary>
/// Token ids to timelines, one tree per partition: partitions never meet. Finding costs the length of the match;
/// no token is copied.
/// </summary>
internal sealed class RadixTree
{
    private readonly Dictionary<ulong, RadixNode> _roots = [];

    /// <summary>Indexes [0, length) of the timeline, whose Tokens must not change there any more.</summary>
    public void Insert(Timeline timeline, int length)
    {
        if (!_roots.TryGetValue(timeline.Partition, out var node))
        {
            node = new RadixNode(null, [], 0, 0);
            _roots.Add(timeline.Partition, node);
        }

        var tokens = timeline.Tokens;
        while (node.End < length)
        {
            if (!node.Children.TryGetValue(tokens[node.End], out var child))
            {
                child = new RadixNode(node, tokens, node.End, length);
                node.Children.Add(tokens[node.End], child);
                node = child;
                break;
            }

            var shared = child.Label.CommonPrefixLength(tokens.AsSpan(node.End, length - node.End));
            node = child.Begin + shared < child.End ? Split(child, child.Begin + shared) : child;
        }

        node.Ends.Add(timeline);
        timeline.Node = node;
    }

    public void Remove(Timeline timeline)
    {
        var node = timeline.Node;
        if (node is null)
        {
            return;
        }

        timeline.Node = null;
        node.Ends.Remove(timeline);
        while (node.Parent is { } parent && node.Ends.Count == 0 && node.Children.Count == 0)
        {
            parent.Children.Remove(node.Tokens[node.Begin]);
            node = parent;
        }

        if (node.Parent is null)
        {
            if (node.Children.Count == 0 && node.Ends.Count == 0)
            {
                _roots.Remove(timeline.Partition);
            }

            return;
        }

        MergeWithOnlyChild(node);
        Rebase(node);
    }

    /// <summary>The longest indexed prefix of <paramref name="tokens"/>, and where it ends in the tree.</summary>
    public RadixNode? Walk(ulong partition, ReadOnlySpan<int> tokens, out int depth)
    {
        depth = 0;
        if (!_roots.TryGetValue(partition, out var node))
        {
            return null;
        }

        while (node.End < tokens.Length && node.Children.TryGetValue(tokens[node.End], out var child))
        {
            depth = child.Begin + child.Label.CommonPrefixLength(tokens[child.Begin..]);
            if (depth < child.End)
            {
                return child;
            }

            node = child;
        }

        depth = node.End;
        return node;
    }

    public void Clear() => _roots.Clear();

    public IEnumerable<RadixNode> Roots => _roots.Values;

    // child = [Begin, End) becomes upper = [Begin, at) over child = [at, End).
    private static RadixNode Split(RadixNode child, int at)
    {
        var parent = child.Parent!;
        var upper = new RadixNode(parent, child.Tokens, child.Begin, at);
        parent.Children[child.Tokens[child.Begin]] = upper;
        upper.Children.Add(child.Tokens[at], child);
        child.Parent = upper;
        child.Begin = at;
        return upper;
    }

    private static void MergeWithOnlyChild(RadixNode node)
    {
        if (node.Ends.Count > 0 || node.Children.Count != 1)
        {
            return;
        }

        // node = [Begin, x) over child = [x, End) becomes child = [Begin, End); child's tokens hold the same prefix.
        foreach (var child in node.Children.Values)
        {
            child.Begin = node.Begin;
            child.Parent = node.Parent;
            node.Parent!.Children[child.Tokens[child.Begin]] = child;
        }
    }

    // Nodes above must not keep a removed timeline's array alive.
    private static void Rebase(RadixNode node)
    {
        for (var above = node; above?.Parent is not null; above = above.Parent)
        {
            if (above.Any() is { } heir)
            {
                above.Tokens = heir.Tokens;
            }
        }
    }
}
