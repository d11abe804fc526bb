using System.Buffers;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Byte strings with values, searched by position. Text is skipped to the next possible first byte with vector
/// instructions, then the trie is walked; the longest string decides. Built once, read by any thread.
/// </summary>
internal sealed class ByteTrie
{
    private readonly List<Node> _nodes = [new Node()];
    private SearchValues<byte> _firstBytes = SearchValues.Create(ReadOnlySpan<byte>.Empty);

    public bool IsEmpty => _nodes.Count == 1;

    /// <summary>An empty string is ignored; a string that is there already keeps its value.</summary>
    public void Add(ReadOnlySpan<byte> text, int value)
    {
        if (text.IsEmpty)
            return;
        int node = 0;
        foreach (byte b in text)
            node = Child(node, b);
        if (_nodes[node].Value < 0)
            _nodes[node].Value = value;
    }

    public void Seal()
    {
        byte[] first = [.. _nodes[0].Children.Select(child => child.Byte)];
        _firstBytes = SearchValues.Create(first);
    }

    /// <summary>Where a string may begin, at or after <paramref name="position"/>, or -1.</summary>
    public int NextCandidate(ReadOnlySpan<byte> text, int position)
    {
        int found = text[position..].IndexOfAny(_firstBytes);
        return found < 0 ? -1 : position + found;
    }

    /// <summary>
    /// The longest string at <paramref name="position"/> that is shorter than <paramref name="below"/> bytes: its value
    /// and length, or -1.
    /// </summary>
    public int Longest(ReadOnlySpan<byte> text, int position, int below, out int length)
    {
        int node = 0;
        int value = -1;
        length = 0;
        for (int i = position; i < text.Length && i - position + 1 < below; i++)
        {
            node = Find(node, text[i]);
            if (node < 0)
                break;
            if (_nodes[node].Value >= 0)
            {
                value = _nodes[node].Value;
                length = i - position + 1;
            }
        }
        return value;
    }

    private int Find(int node, byte value)
    {
        foreach ((byte b, int child) in _nodes[node].Children)
        {
            if (b == value)
                return child;
        }
        return -1;
    }

    private int Child(int node, byte value)
    {
        int found = Find(node, value);
        if (found >= 0)
            return found;
        _nodes.Add(new Node());
        _nodes[node].Children.Add((value, _nodes.Count - 1));
        return _nodes.Count - 1;
    }

    private sealed class Node
    {
        public int Value { get; set; } = -1;

        public List<(byte Byte, int Node)> Children { get; } = [];
    }
}
