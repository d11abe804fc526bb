namespace FastMlx.Chat.Grammar;

/// <summary>
/// Where an answer may stand in its grammar: all places at once. What follows is found on demand and kept, so that a
/// state that was met before costs a look-up. One thread at a time.
/// </summary>
internal sealed class GrammarState(List<(int State, GrammarStack? Stack)> places, int textLeft, bool mayEnd)
{
    public List<(int State, GrammarStack? Stack)> Places { get; } = places;

    /// <summary>Inside a string: how many more characters it may have; -1: in none.</summary>
    public int TextLeft { get; } = textLeft;

    public bool MayEnd { get; } = mayEnd;

    /// <summary>By byte; null where it was not asked for.</summary>
    public GrammarState?[]? Next { get; set; }

    public uint[]? Mask { get; set; }
}
