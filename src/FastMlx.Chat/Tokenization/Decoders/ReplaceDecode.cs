using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>Replaces matches of a pattern in every token by itself.</summary>
internal sealed class ReplaceDecode(CutPattern pattern, string content) : DecodeStep
{
    private readonly byte[] _content = Encoding.UTF8.GetBytes(content);
    private readonly CutList _cuts = new();
    private readonly ByteBuffer _text = new();
    private readonly EncodeScratch _scratch = new();

    public override void Push(ReadOnlySpan<byte> token)
    {
        _cuts.Clear();
        pattern.CutAll(token, 0, _cuts, _scratch);
        _text.Clear();
        foreach (Cut cut in _cuts.Span)
            _text.Append(cut.IsMatch ? _content : token[cut.Start..cut.End]);
        Next.Push(_text.Span);
    }
}
