namespace FastMlx.Chat;

/// <summary>FNV-1a over token ids, to tell whether a prompt is the one that was answered.</summary>
internal static class TokenHash
{
    public static ulong Of(IReadOnlyList<int> tokens)
    {
        ulong hash = 14695981039346656037;
        for (int i = 0; i < tokens.Count; i++)
            hash = (hash ^ (uint)tokens[i]) * 1099511628211;
        return hash;
    }
}
