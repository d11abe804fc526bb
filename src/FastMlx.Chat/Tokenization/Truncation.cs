namespace FastMlx.Chat.Tokenization;

/// <summary>The file's wish to cut a text's ids to a length, special tokens included.</summary>
internal sealed record Truncation(int MaxLength, bool FromLeft)
{
    public void Apply(List<int> ids, int addedCount)
    {
        int room = Math.Max(MaxLength - addedCount, 0);
        if (ids.Count <= room)
            return;
        if (FromLeft)
            ids.RemoveRange(0, ids.Count - room);
        else
            ids.RemoveRange(room, ids.Count - room);
    }
}
