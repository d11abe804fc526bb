namespace FastMlx.Chat.Tokenization;

/// <summary>The file's wish to fill a text's ids up to a length (0: its own) and a multiple (0: none).</summary>
internal sealed record Padding(int FixedLength, int Multiple, bool OnLeft, int Id)
{
    public void Apply(List<int> ids)
    {
        int length = Math.Max(FixedLength, FixedLength == 0 ? ids.Count : 0);
        if (Multiple > 0 && length % Multiple != 0)
            length += Multiple - length % Multiple;
        if (length > ids.Count)
            ids.InsertRange(OnLeft ? 0 : ids.Count, Enumerable.Repeat(Id, length - ids.Count));
    }
}
