using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>CTC: equal neighbours are one token, padding goes, the delimiter becomes a space.</summary>
internal sealed class CtcDecode(string padToken, string delimiter, bool cleanUp) : DecodeStep
{
    private string? _previous;

    public override void Push(ReadOnlySpan<byte> token)
    {
        string text = Encoding.UTF8.GetString(token);
        if (text == _previous)
            return;
        _previous = text;
        if (padToken.Length > 0)
            text = text.Replace(padToken, "", StringComparison.Ordinal);
        if (cleanUp)
        {
            text = WordPieceDecode.CleanUp(text);
            if (delimiter.Length > 0)
                text = text.Replace(delimiter, " ", StringComparison.Ordinal);
        }
        if (text.Length > 0)
            Next.Push(Encoding.UTF8.GetBytes(text));
    }

    public override void Reset()
    {
        _previous = null;
        Next.Reset();
    }
}
