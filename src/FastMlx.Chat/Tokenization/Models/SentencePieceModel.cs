using System.Text;
using Microsoft.ML.Tokenizers;

namespace FastMlx.Chat.Tokenization;

/// <summary>A tokenizer.model (not of plain BPE) without a tokenizer.json: the package encodes each stretch.</summary>
internal sealed class SentencePieceModel : TokenModel
{
    private readonly SentencePieceTokenizer _package;

    public SentencePieceModel(Stream model)
    {
        _package = SentencePieceTokenizer.Create(model, false, false);
        Tokens = new TokenTable(_package.Vocabulary.Count);
        foreach ((string token, int id) in _package.Vocabulary)
            Tokens.Add(Encoding.UTF8.GetBytes(token), id);
        Tokens.Seal();
    }

    public override TokenTable Tokens { get; }

    public override void Encode(ReadOnlySpan<byte> piece, EncodeScratch scratch, IntBuffer output)
    {
        IReadOnlyList<int> ids = _package.EncodeToIds(Encoding.UTF8.GetString(piece), addBeginningOfSentence: false,
            addEndOfSentence: false);
        foreach (int id in ids)
            output.Add(id);
    }
}
