namespace FastMlx.Chat.Grammar;

/// <summary>Tokens in the order of their bytes, each with how many of them it shares with the one before.</summary>
internal sealed class SortedTokens
{
    public SortedTokens(byte[][] tokens, List<int> ids)
    {
        Ids = [.. ids];
        Array.Sort(Ids, (a, b) => tokens[a].AsSpan().SequenceCompareTo(tokens[b]));
        Shared = new int[Ids.Length];
        for (int i = 1; i < Ids.Length; i++)
            Shared[i] = tokens[Ids[i]].AsSpan().CommonPrefixLength(tokens[Ids[i - 1]]);
        LongestBytes = Ids.Length == 0 ? 0 : Ids.Max(id => tokens[id].Length);
    }

    public int[] Ids { get; }

    public int[] Shared { get; }

    public int LongestBytes { get; }
}
