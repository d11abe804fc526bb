namespace FastMlx.Api;

/// <summary>Follows a JSON object that arrives in pieces, to know the very byte that closes it.</summary>
internal struct JsonProgress
{
    private int _depth;
    private bool _inText;
    private bool _afterBackslash;

    /// <summary>The object has begun and is closed.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>What came is no object: its first character is not '{'.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>How many bytes of the piece belong to the object: all of them until it closes.</summary>
    public int Take(ReadOnlySpan<byte> piece)
    {
        for (int i = 0; i < piece.Length; i++)
        {
            if (IsComplete)
                return i;
            byte c = piece[i];
            if (_inText)
                TakeInText(c);
            else if (_depth == 0 && c != '{' && c is not ((byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n'))
                IsBroken = true;
            else if (c == '"')
                _inText = true;
            else if (c is (byte)'{' or (byte)'[')
                _depth++;
            else if (c is (byte)'}' or (byte)']')
                IsComplete = --_depth <= 0;
        }
        return piece.Length;
    }

    private void TakeInText(byte c)
    {
        if (_afterBackslash)
            _afterBackslash = false;
        else if (c == '\\')
            _afterBackslash = true;
        else if (c == '"')
            _inText = false;
    }
}
