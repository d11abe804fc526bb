namespace FastMlx.Chat.Tokenization;

/// <summary>
/// A trie over bytes for large vocabularies: (node, byte) → node in one open-addressing table. Filled while loading,
/// then read by any thread. Node 0 is the root.
/// </summary>
internal sealed class ByteAutomaton
{
    private long[] _edges = NewEdges(1 << 12);
    private int[] _values = new int[1 << 10];
    private int _nodes = 1;
    private int _edgeCount;

    public ByteAutomaton() => _values[0] = -1;

    public void Add(ReadOnlySpan<byte> text, int value)
    {
        if (text.IsEmpty)
            return;
        int node = 0;
        foreach (byte b in text)
        {
            int next = Step(node, b);
            node = next >= 0 ? next : NewNode(node, b);
        }
        _values[node] = value;
    }

    /// <summary>The node behind <paramref name="node"/> by a byte, or -1.</summary>
    public int Step(int node, byte value)
    {
        uint key = (uint)node << 8 | value;
        int mask = _edges.Length - 1;
        for (int i = Slot(key, mask); ; i = i + 1 & mask)
        {
            long edge = _edges[i];
            if (edge < 0)
                return -1;
            if ((uint)(edge >> 32) == key)
                return (int)edge;
        }
    }

    /// <summary>The value of the text that ends in a node, or -1.</summary>
    public int ValueOf(int node) => _values[node];

    private static int Slot(uint key, int mask) => (int)(key * 0x9E3779B97F4A7C15 >> 32) & mask;

    private static long[] NewEdges(int size)
    {
        long[] edges = new long[size];
        Array.Fill(edges, -1);
        return edges;
    }

    private int NewNode(int node, byte value)
    {
        if (_nodes >= 1 << 23)
            throw new TokenizerException("The vocabulary is too large.");
        if (_nodes == _values.Length)
            Array.Resize(ref _values, _nodes * 2);
        _values[_nodes] = -1;
        if (++_edgeCount * 2 > _edges.Length)
            Grow();
        Put((long)((uint)node << 8 | value) << 32 | (uint)_nodes);
        return _nodes++;
    }

    private void Put(long edge)
    {
        int mask = _edges.Length - 1;
        int i = Slot((uint)(edge >> 32), mask);
        while (_edges[i] >= 0)
            i = i + 1 & mask;
        _edges[i] = edge;
    }

    private void Grow()
    {
        long[] old = _edges;
        _edges = NewEdges(old.Length * 2);
        foreach (long edge in old)
        {
            if (edge >= 0)
                Put(edge);
        }
    }
}
