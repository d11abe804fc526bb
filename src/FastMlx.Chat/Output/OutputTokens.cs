using FastMlx.Chat.Tokenization;

namespace FastMlx.Chat.Output;

/// <summary>
/// Which tokens of a model its output format must see: all but special ones that are no part of the format. One a
/// model, shared; <see cref="CreateDecoder"/> gives each answer its own decoder.
/// </summary>
public sealed class OutputTokens
{
    private readonly HfTokenizer _tokenizer;
    private readonly HashSet<int> _hidden = [];

    public OutputTokens(HfTokenizer tokenizer, OutputFormat format)
    {
        _tokenizer = tokenizer;
        foreach (var token in tokenizer.AddedTokens)
        {
            bool isHidden = tokenizer.TokenToId(token.Content) is { } id && tokenizer.IsSpecial(id)
                && !format.NeedsToken(token.Content);
            if (isHidden)
                _hidden.Add(tokenizer.TokenToId(token.Content)!.Value);
        }
    }

    public ITokenTextDecoder CreateDecoder() => new Decoder(new TokenDecoder(_tokenizer, skipSpecial: false), _hidden);

    private sealed class Decoder(TokenDecoder decoder, HashSet<int> hidden) : ITokenTextDecoder
    {
        public ReadOnlySpan<byte> Decode(int id) => hidden.Contains(id) ? [] : decoder.Push(id);

        public ReadOnlySpan<byte> Flush() => decoder.Flush();
    }
}
