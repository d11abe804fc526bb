using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Text to ids: added tokens of the raw text; each stretch between them normalised by itself; added tokens of the
/// normal
/// form; each stretch between those cut into pieces by itself; each piece encoded by the model.
/// </summary>
internal sealed class EncodePipeline
{
    private readonly TokenModel _model;
    private readonly NormalizerChain _normalizer;
    private readonly PreTokenizerStep[] _steps;
    private readonly AddedTokenMatcher _rawMatcher;
    private readonly AddedTokenMatcher _normalMatcher;

    public EncodePipeline(TokenizerParts parts)
    {
        _model = parts.Model;
        _normalizer = parts.Normalizer;
        _steps = parts.PreTokenizer;
        var raw = new List<(AddedToken, byte[])>();
        var normal = new List<(AddedToken, byte[])>();
        var scratch = new EncodeScratch();
        foreach (AddedToken token in parts.Vocabulary.AddedTokens)
        {
            byte[] content = AddedTokenMatcher.Utf8(token.Content);
            if (token.Normalized)
                normal.Add((token, _normalizer.Normalize(content, 0, content.Length, [], scratch).Span.ToArray()));
            else
                raw.Add((token, content));
        }
        _rawMatcher = new AddedTokenMatcher(raw);
        _normalMatcher = new AddedTokenMatcher(normal);
    }

    /// <summary>Leaves the ids in the scratch.</summary>
    public void Encode(ReadOnlySpan<char> text, ReadOnlySpan<TextSpan> userSpans, bool allUserData,
        EncodeScratch scratch)
    {
        scratch.Ids.Clear();
        ToUtf8(text, userSpans, scratch.Raw);
        ByteBuffer raw = scratch.Raw;
        _rawMatcher.Split(raw.Span, raw.Marks, allUserData, scratch.RawMatches);
        foreach (TokenMatch match in scratch.RawMatches)
        {
            if (match.Id >= 0)
                scratch.Ids.Add(match.Id);
            else
                EncodeStretch(match.Start, match.End, allUserData, scratch);
        }
    }

    private static void ToUtf8(ReadOnlySpan<char> text, ReadOnlySpan<TextSpan> userSpans, ByteBuffer raw)
    {
        raw.Clear(withMarks: !userSpans.IsEmpty);
        int done = 0;
        foreach (TextSpan span in userSpans)
        {
            if (span.Start < done || span.Length < 0 || span.End > text.Length)
                throw new ArgumentException("User spans must ascend within the text.", nameof(userSpans));
            AppendUtf8(text[done..span.Start], 0, raw);
            AppendUtf8(text[span.Start..span.End], 1, raw);
            done = span.End;
        }
        AppendUtf8(text[done..], 0, raw);
    }

    private static void AppendUtf8(ReadOnlySpan<char> text, byte mark, ByteBuffer raw)
    {
        int start = raw.Length;
        // Lone surrogates become U+FFFD.
        int length = Encoding.UTF8.GetBytes(text, raw.Reserve(Encoding.UTF8.GetMaxByteCount(text.Length)));
        raw.Advance(length);
        if (raw.HasMarks)
            raw.MarksToWrite(start, length).Fill(mark);
    }

    private void EncodeStretch(int start, int end, bool allUserData, EncodeScratch scratch)
    {
        ByteBuffer raw = scratch.Raw;
        ReadOnlySpan<byte> marks = raw.HasMarks ? raw.Marks[start..end] : default;
        NormalText normal = _normalizer.IsEmpty
            ? new NormalText(raw.Array, start, end, marks)
            : _normalizer.Normalize(raw.Array, start, end, marks, scratch);
        bool atTextStart = start == 0;
        if (_normalMatcher.IsEmpty)
        {
            EncodePieces(normal.Text, normal.Start, normal.End, atTextStart, scratch);
            return;
        }
        _normalMatcher.Split(normal.Span, normal.Marks, allUserData, scratch.NormalMatches);
        foreach (TokenMatch match in scratch.NormalMatches)
        {
            if (match.Id >= 0)
                scratch.Ids.Add(match.Id);
            else
                EncodePieces(normal.Text, normal.Start + match.Start, normal.Start + match.End,
                    atTextStart && match.Start == 0, scratch);
        }
    }

    private void EncodePieces(byte[] text, int start, int end, bool atTextStart, EncodeScratch scratch)
    {
        PieceList pieces = scratch.Pieces;
        pieces.Reset(text, start, end, atTextStart);
        foreach (PreTokenizerStep step in _steps)
            step.Apply(pieces, scratch);
        ReadOnlySpan<byte> final = pieces.Text;
        foreach (Cut piece in pieces.Items.Span)
            _model.Encode(final[piece.Start..piece.End], scratch, scratch.Ids);
    }
}
