using System.Globalization;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Runs of tokens such as &lt;0x0A&gt; become their bytes if these are UTF-8 as a whole, else one U+FFFD a byte. A run
/// is held until it ends: only then is it known.
/// </summary>
internal sealed class ByteFallbackDecode : DecodeStep
{
    private readonly ByteBuffer _run = new();

    public override void Push(ReadOnlySpan<byte> token)
    {
        if (token.Length == 6 && token.StartsWith("<0x"u8) && token[5] == '>' && TryHex(token[3..5], out byte value))
        {
            _run.Append(value);
            return;
        }
        EndRun();
        Next.Push(token);
    }

    public override void End()
    {
        EndRun();
        Next.End();
    }

    public override void Reset()
    {
        _run.Clear();
        Next.Reset();
    }

    // The reference's parser of hexadecimal numbers takes a sign.
    private static bool TryHex(ReadOnlySpan<byte> digits, out byte value)
    {
        if (digits[0] == '+')
            digits = digits[1..];
        return byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private void EndRun()
    {
        if (_run.Length == 0)
            return;
        if (System.Text.Unicode.Utf8.IsValid(_run.Span))
        {
            Next.Push(_run.Span);
        }
        else
        {
            for (int i = 0; i < _run.Length; i++)
                Next.Push("\uFFFD"u8);
        }
        _run.Clear();
    }
}
