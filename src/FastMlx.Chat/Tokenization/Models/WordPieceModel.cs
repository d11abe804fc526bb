using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>The longest token first, then the longest continuation; a word that cannot be covered is unknown.</summary>
internal sealed class WordPieceModel : TokenModel
{
    private readonly ByteTrie _starts = new();
    private readonly ByteTrie _continuations = new();
    private readonly int _unknown;
    private readonly int _maxCharacters;

    public WordPieceModel(TokenTable tokens, string unknownToken, string continuingPrefix, int maxCharacters)
    {
        Tokens = tokens;
        _maxCharacters = maxCharacters;
        _unknown = tokens.TryGet(Encoding.UTF8.GetBytes(unknownToken), out int id) ? id : -1;
        byte[] prefix = Encoding.UTF8.GetBytes(continuingPrefix);
        for (int i = 0; i < tokens.Count; i++)
        {
            ReadOnlySpan<byte> text = tokens.TextAt(i);
            _starts.Add(text, tokens.IdAt(i));
            if (text.StartsWith(prefix))
                _continuations.Add(text[prefix.Length..], tokens.IdAt(i));
        }
    }

    public override TokenTable Tokens { get; }

    public override void Encode(ReadOnlySpan<byte> piece, EncodeScratch scratch, IntBuffer output)
    {
        if (scratch.Cache.TryAppend(piece, output))
            return;
        IntBuffer ids = scratch.PieceIds;
        ids.Clear();
        if (piece.Length > _maxCharacters && Count(piece) > _maxCharacters || !TryCover(piece, ids))
        {
            ids.Clear();
            if (_unknown < 0)
                throw new TokenizerException("The unknown token of the WordPiece model is not in the vocabulary.");
            ids.Add(_unknown);
        }
        scratch.Cache.Set(piece, ids.Span);
        output.Add(ids.Span);
    }

    private bool TryCover(ReadOnlySpan<byte> piece, IntBuffer ids)
    {
        int position = 0;
        while (position < piece.Length)
        {
            ByteTrie trie = position == 0 ? _starts : _continuations;
            int id = trie.Longest(piece, position, int.MaxValue, out int length);
            if (id < 0)
                return false;
            ids.Add(id);
            position += length;
        }
        return true;
    }

    private static int Count(ReadOnlySpan<byte> text)
    {
        int n = 0;
        for (int i = 0; i < text.Length; i += Utf8Text.LengthOf(text[i]))
            n++;
        return n;
    }
}
