namespace FastMlx.Chat.Output;

/// <summary>Takes a string's decoded pieces while it is still being read.</summary>
internal interface IStringTarget
{
    public void Piece(ReadOnlySpan<byte> utf8);
}
