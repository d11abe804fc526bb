using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// The cover of a piece with the best sum of scores (Viterbi). Characters that no token covers are unknown; neighbours
/// of them fuse, and become bytes where there is byte fallback.
/// </summary>
internal sealed class UnigramModel : TokenModel
{
    private const double UnknownPenalty = 10;

    private readonly double[] _scores;
    private readonly double _unknownScore;
    private readonly int _unknown;
    private readonly ByteAutomaton _prefixes = new();
    private readonly int[] _fallback = new int[256];
    private readonly bool _byteFallback;

    public UnigramModel(TokenTable tokens, double[] scores, int? unknownId, bool byteFallback)
    {
        if (unknownId >= scores.Length)
            throw new TokenizerException("tokenizer.json: unk_id of the model is not in its vocabulary.");
        Tokens = tokens;
        _scores = scores;
        _unknown = unknownId ?? -1;
        _unknownScore = scores.DefaultIfEmpty(double.PositiveInfinity).Min() - UnknownPenalty;
        for (int i = 0; i < tokens.Count; i++)
            _prefixes.Add(tokens.TextAt(i), tokens.IdAt(i));
        _byteFallback = byteFallback;
        for (int b = 0; b < 256; b++)
            _fallback[b] = tokens.TryGet(Encoding.ASCII.GetBytes($"<0x{b:X2}>"), out int id) ? id : -1;
    }

    public override TokenTable Tokens { get; }

    public override int VocabularySize => _scores.Length;

    public override void Encode(ReadOnlySpan<byte> piece, EncodeScratch scratch, IntBuffer output)
    {
        if (scratch.Cache.TryAppend(piece, output))
            return;
        BestPath path = scratch.Path;
        path.Begin(piece.Length);
        int position = 0;
        while (position < piece.Length)
        {
            int length = Utf8Text.LengthOf(piece[position]);
            if (!OfferTokens(piece, position, length, path))
                OfferUnknown(position, length, path);
            position += length;
        }
        IntBuffer ids = scratch.PieceIds;
        ids.Clear();
        Collect(piece, path, ids);
        scratch.Cache.Set(piece, ids.Span);
        output.Add(ids.Span);
    }

    // True when one of the tokens is exactly the next character.
    private bool OfferTokens(ReadOnlySpan<byte> piece, int position, int characterLength, BestPath path)
    {
        bool single = false;
        double here = path.ScoreAt(position);
        int node = 0;
        for (int i = position; i < piece.Length; i++)
        {
            node = _prefixes.Step(node, piece[i]);
            if (node < 0)
                break;
            int id = _prefixes.ValueOf(node);
            if (id < 0)
                continue;
            path.Offer(position, i + 1, id, here + _scores[id]);
            single |= i + 1 - position == characterLength;
        }
        return single;
    }

    private void OfferUnknown(int position, int length, BestPath path)
    {
        double score = path.ScoreAt(position) + _unknownScore;
        if (!path.Improves(position + length, score))
            return;
        if (_unknown < 0)
            throw new TokenizerException("The text has an unknown character, and the Unigram model has no unk_id.");
        path.Offer(position, position + length, _unknown, score);
    }

    private void Collect(ReadOnlySpan<byte> piece, BestPath path, IntBuffer ids)
    {
        List<(int Start, int End)> steps = path.Trace(piece.Length, _unknown);
        for (int i = steps.Count - 1; i >= 0; i--)
        {
            ReadOnlySpan<byte> text = piece[steps[i].Start..steps[i].End];
            if (Tokens.TryGet(text, out int id))
                ids.Add(id);
            else if (!(_byteFallback && AddBytes(text, ids)))
                ids.Add(_unknown);
        }
    }

    private bool AddBytes(ReadOnlySpan<byte> text, IntBuffer ids)
    {
        foreach (byte b in text)
        {
            if (_fallback[b] < 0)
                return false;
        }
        foreach (byte b in text)
            ids.Add(_fallback[b]);
        return true;
    }
}
