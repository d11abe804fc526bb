using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>A piece is a token, or unknown.</summary>
internal sealed class WordLevelModel(TokenTable tokens, string unknownToken) : TokenModel
{
    private readonly int _unknown = tokens.TryGet(Encoding.UTF8.GetBytes(unknownToken), out int id) ? id : -1;

    public override TokenTable Tokens { get; } = tokens;

    public override void Encode(ReadOnlySpan<byte> piece, EncodeScratch scratch, IntBuffer output)
    {
        if (Tokens.TryGet(piece, out int id) || (id = _unknown) >= 0)
            output.Add(id);
        else
            throw new TokenizerException("The unknown token of the WordLevel model is not in the vocabulary.");
    }
}
