namespace FastMlx.Engine.Scheduling;

/// <summary>Lists of sequences in the order of their keys, earlier ones first among equals.</summary>
internal static class Ordered
{
    public static void Insert(List<Sequence> list, Sequence sequence)
    {
        var at = list.Count;
        while (at > 0 && list[at - 1].Key > sequence.Key)
        {
            at--;
        }

        list.Insert(at, sequence);
    }
}
