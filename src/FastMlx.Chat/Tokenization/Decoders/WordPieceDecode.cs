using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Tokens are words apart from those with the continuing prefix; clean-up closes gaps in front of marks.
/// </summary>
internal sealed class WordPieceDecode(string prefix, bool cleanUp) : DecodeStep
{
    private static readonly (string Old, string New)[] CleanUps =
    [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ];

    private bool _isFirst = true;

    public override void Push(ReadOnlySpan<byte> token)
    {
        string text = Encoding.UTF8.GetString(token);
        if (!_isFirst)
            text = text.StartsWith(prefix, StringComparison.Ordinal) ? text[prefix.Length..] : " " + text;
        _isFirst = false;
        if (cleanUp)
            text = CleanUp(text);
        Next.Push(Encoding.UTF8.GetBytes(text));
    }

    public override void Reset()
    {
        _isFirst = true;
        Next.Reset();
    }

    public static string CleanUp(string text)
    {
        foreach ((string old, string replacement) in CleanUps)
            text = text.Replace(old, replacement, StringComparison.Ordinal);
        return text;
    }
}
