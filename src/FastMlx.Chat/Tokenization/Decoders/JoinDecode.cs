namespace FastMlx.Chat.Tokenization;

/// <summary>No decoder: tokens are joined with spaces.</summary>
internal sealed class JoinDecode : DecodeStep
{
    private bool _isFirst = true;

    public override void Push(ReadOnlySpan<byte> token)
    {
        if (!_isFirst)
            Next.Push(" "u8);
        _isFirst = false;
        Next.Push(token);
    }

    public override void Reset()
    {
        _isFirst = true;
        Next.Reset();
    }
}
