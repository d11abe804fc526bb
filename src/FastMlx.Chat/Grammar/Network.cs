namespace FastMlx.Chat.Grammar;

/// <summary>
/// A recursive transition network over bytes: states with byte ranges to others, free moves, and calls of other parts
/// that come back. Built once, read-only afterwards.
/// </summary>
internal sealed class Network
{
    /// <summary>More states than any sensible schema needs.</summary>
    private const int StatesMax = 200_000;

    private readonly List<List<Range>> _ranges = [];
    private readonly List<List<int>> _free = [];
    private readonly List<(int Target, int Return)> _calls = [];
    private readonly HashSet<int> _ends = [];
    private readonly Dictionary<int, int> _texts = [];

    public readonly record struct Range(byte Low, byte High, int Target);

    /// <summary>-1 where the state calls nothing.</summary>
    public (int Target, int Return) CallOf(int state) => _calls[state];

    public IReadOnlyList<Range> RangesOf(int state) => _ranges[state];

    public IReadOnlyList<int> FreeOf(int state) => _free[state];

    /// <summary>A part ends here: its caller goes on.</summary>
    public bool IsEnd(int state) => _ends.Contains(state);

    /// <summary>
    /// Inside a JSON string: how many more characters it may have, of which each but the quote and the backslash stands
    /// for itself. -1: not in a string.
    /// </summary>
    public int TextLeft(int state) => _texts.GetValueOrDefault(state, -1);

    public int Add()
    {
        if (_ranges.Count == StatesMax)
            throw new GrammarException("the schema is too large");
        _ranges.Add([]);
        _free.Add([]);
        _calls.Add((-1, -1));
        return _ranges.Count - 1;
    }

    public int AddEnd()
    {
        int state = Add();
        _ends.Add(state);
        return state;
    }

    public void MarkText(int state, int left) => _texts[state] = left;

    public void Link(int from, byte low, byte high, int to) => _ranges[from].Add(new Range(low, high, to));

    public void Free(int from, int to) => _free[from].Add(to);

    public void Call(int from, int part, int back) => _calls[from] = (part, back);

    public int Literal(int from, ReadOnlySpan<byte> text)
    {
        foreach (byte value in text)
        {
            int next = Add();
            Link(from, value, value, next);
            from = next;
        }

        return from;
    }

    /// <summary>Bytes of one class, from <paramref name="least"/> to <paramref name="most"/> times.</summary>
    public int Repeat(int from, byte low, byte high, int least, int most)
    {
        int end = Add();
        for (int i = 0; ; i++)
        {
            if (i >= least)
                Free(from, end);
            if (i == most)
                return end;
            int next = Add();
            Link(from, low, high, next);
            from = next;
        }
    }
}
