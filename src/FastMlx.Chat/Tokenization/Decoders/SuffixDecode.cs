using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>BPEDecoder: the word suffix becomes a space, in the last token nothing; so one token is held.</summary>
internal sealed class SuffixDecode(string suffix) : DecodeStep
{
    private string? _held;

    public override void Push(ReadOnlySpan<byte> token)
    {
        HandOn(" ");
        _held = Encoding.UTF8.GetString(token);
    }

    public override void End()
    {
        HandOn("");
        Next.End();
    }

    public override void Reset()
    {
        _held = null;
        Next.Reset();
    }

    private void HandOn(string replacement)
    {
        if (_held is null)
            return;
        string text = suffix.Length == 0 ? _held : _held.Replace(suffix, replacement, StringComparison.Ordinal);
        Next.Push(Encoding.UTF8.GetBytes(text));
        _held = null;
    }
}
