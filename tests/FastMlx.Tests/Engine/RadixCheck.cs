using FastMlx.Engine.Scheduling;

namespace FastMlx.Tests.Engine;

/// <summary>Checks the invariants of the radix tree against the timelines it indexes.</summary>
internal static class RadixCheck
{
    public static bool IsSound(TimelineTable table, out string broken)
    {
        broken = "";
        var found = new HashSet<Timeline>();
        foreach (var root in table.Roots)
        {
            if (!Check(root, found, ref broken))
            {
                return false;
            }
        }

        foreach (var timeline in table.All)
        {
            if (timeline.Node is not null != found.Contains(timeline))
            {
                broken = "a timeline says it is indexed and is not, or the other way round";
                return false;
            }
        }

        return found.All(table.All.Contains) || Say("a closed timeline is indexed", ref broken);
    }

    private static bool Check(RadixNode node, HashSet<Timeline> found, ref string broken)
    {
        if (node.Parent is not null && (node.Begin >= node.End || node.Begin != node.Parent.End))
        {
            return Say("a node does not follow its parent", ref broken);
        }

        if (node.Parent is not null && node.Ends.Count == 0 && node.Children.Count < 2)
        {
            return Say("a node without need", ref broken);
        }

        foreach (var timeline in node.Ends)
        {
            found.Add(timeline);
            for (var above = node; above is not null; above = above.Parent)
            {
                if (!timeline.Tokens.AsSpan(above.Begin, above.End - above.Begin).SequenceEqual(above.Label))
                {
                    return Say("a label differs from its timeline", ref broken);
                }
            }

            if (timeline.Node != node)
            {
                return Say("a timeline points to another node", ref broken);
            }
        }

        foreach (var (token, child) in node.Children)
        {
            if (child.Parent != node || child.Label[0] != token || !Check(child, found, ref broken))
            {
                return broken.Length > 0 ? false : Say("a child under a wrong token", ref broken);
            }
        }

        return true;
    }

    private static bool Say(string what, ref string broken)
    {
        broken = what;
        return false;
    }
}
