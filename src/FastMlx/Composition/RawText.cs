using FastMlx.Chat.Output;
using FastMlx.Chat.Tokenization;

namespace FastMlx.Composition;

/// <summary>The tokenizer's decoder for a completion of raw text: special tokens are no text.</summary>
internal sealed class RawText(HfTokenizer tokenizer) : ITokenTextDecoder
{
    private readonly TokenDecoder _decoder = new(tokenizer, skipSpecial: true);

    public ReadOnlySpan<byte> Decode(int id) => _decoder.Push(id);

    public ReadOnlySpan<byte> Flush() => _decoder.Flush();
}
