namespace FastMlx.Chat.Tokenization;

/// <summary>A stretch of text, in bytes, and whether a pattern matched it.</summary>
internal struct Cut(int start, int end, bool isMatch)
{
    public int Start = start;
    public int End = end;
    public bool IsMatch = isMatch;
}
