using System.Buffers;
using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// A token whose characters are all in the byte-level alphabet is bytes, any other is its own text. The bytes of all
/// tokens are one text; what is not UTF-8 becomes U+FFFD, an unfinished character is held (at most three bytes).
/// </summary>
internal sealed class ByteLevelDecode : DecodeStep
{
    private readonly ByteBuffer _bytes = new();
    private readonly ByteBuffer _lossy = new();

    public override void Push(ReadOnlySpan<byte> token)
    {
        int length = ByteAlphabet.Decode(token, _bytes.Reserve(token.Length));
        if (length < 0)
            _bytes.Append(token);
        else
            _bytes.Advance(length);
        PassOn(final: false);
    }

    public override void End()
    {
        PassOn(final: true);
        Next.End();
    }

    public override void Reset()
    {
        _bytes.Clear();
        Next.Reset();
    }

    private void PassOn(bool final)
    {
        ReadOnlySpan<byte> rest = _bytes.Span;
        if (rest.IsEmpty)
            return;
        if (System.Text.Unicode.Utf8.IsValid(rest))
        {
            Next.Push(rest);
            _bytes.Clear();
            return;
        }
        _lossy.Clear();
        while (!rest.IsEmpty)
        {
            OperationStatus status = Rune.DecodeFromUtf8(rest, out Rune rune, out int used);
            if (status == OperationStatus.NeedMoreData && !final)
                break;
            _lossy.AppendRune(rune.Value);
            rest = rest[used..];
        }
        _bytes.RemoveFront(_bytes.Length - rest.Length);
        if (_lossy.Length > 0)
            Next.Push(_lossy.Span);
    }
}
