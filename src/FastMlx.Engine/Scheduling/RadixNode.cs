namespace FastMlx.Engine.Scheduling;

/// <summary>
/// A run of tokens [Begin, End) of every timeline below it. Tokens belongs to one of them, so that the tree holds no
/// copy: positions are those of the timeline.
/// </summary>
internal sealed class RadixNode(RadixNode? parent, int[] tokens, int begin, int end)
{
    public RadixNode? Parent { get; set; } = parent;

    public int[] Tokens { get; set; } = tokens;

    public int Begin { get; set; } = begin;

    public int End { get; set; } = end;

    public Dictionary<int, RadixNode> Children { get; } = [];

    /// <summary>Timelines that end exactly at End.</summary>
    public List<Timeline> Ends { get; } = [];

    public ReadOnlySpan<int> Label => Tokens.AsSpan(Begin, End - Begin);

    /// <summary>Some timeline that ends here or below. Invariant: every node but a root has one.</summary>
    public Timeline? Any()
    {
        var node = this;
        while (node.Ends.Count == 0)
        {
            RadixNode? next = null;
            foreach (var child in node.Children.Values)
            {
                next = child;
                break;
            }

            if (next is null)
            {
                return null;
            }

            node = next;
        }

        return node.Ends[0];
    }
}
