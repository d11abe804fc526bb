using System.Buffers;
using System.Globalization;
using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Runs of tokens such as &lt;0x0A&gt; become their bytes if these are UTF-8 as a whole, else one U+FFFD a byte. A run
/// is held until it ends or cannot become UTF-8 any more: only then is it known.
/// </summary>
internal sealed class ByteFallbackDecode : DecodeStep
{
    private readonly ByteBuffer _run = new();

    // The run's first bytes that are whole characters.
    private int _whole;
    private bool _broken;

    public override void Push(ReadOnlySpan<byte> token)
    {
        if (token.Length == 6 && token.StartsWith("<0x"u8) && token[5] == '>' && TryHex(token[3..5], out byte value))
        {
            PushByte(value);
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
        Forget();
        Next.Reset();
    }

    private void PushByte(byte value)
    {
        if (_broken)
        {
            Next.Push("\uFFFD"u8);
            return;
        }
        _run.Append(value);
        OperationStatus status = Rune.DecodeFromUtf8(_run.Span[_whole..], out _, out int used);
        if (status == OperationStatus.Done)
            _whole += used;
        _broken = status == OperationStatus.InvalidData;
        if (_broken)
            PushReplacements();
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
        if (_run.Length > _whole)
            PushReplacements();
        else if (_run.Length > 0)
            Next.Push(_run.Span);
        Forget();
    }

    private void PushReplacements()
    {
        for (int i = 0; i < _run.Length; i++)
            Next.Push("\uFFFD"u8);
        _run.Clear();
        _whole = 0;
    }

    private void Forget()
    {
        _run.Clear();
        _whole = 0;
        _broken = false;
    }
}
