using FastMlx.Chat.Templates;

namespace FastMlx.Chat;

/// <summary>
/// Turns rendered text into ids: stretches of it are encoded, and answers that the replay memory knows are put in as
/// they were sampled. One use, one thread.
/// </summary>
internal sealed class PromptAssembler(
    RenderedText rendered, ITextEncoder encoder, PromptOptions options, string turnEnd)
{
    /// <summary>Ends of turns that templates write, for models whose files name no such token.</summary>
    private static readonly string[] KnownStops =
    [
        "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<end_of_turn>", "<turn|>", "<|end|>", "<|call|>", "<|return|>",
        "<|endoftext|>", "<|end_of_text|>", "</s>", "<｜end▁of▁sentence｜>", "<|observation|>", "<|user|>",
        "<|END_OF_TURN_TOKEN|>", "<|end_of_msg|>", "[e~[", "<|tool_response>", "<|assistant_end|>",
        "<|tools_suffix|>", "<|eot|>", "<|eom|>", "<|START_OF_TURN_TOKEN|>",
    ];

    private readonly List<int> _ids = [];
    private readonly List<Piece> _pieces = [];

    public List<int> Ids => _ids;

    /// <summary>Answers of the history that stand as they were sampled.</summary>
    public int ReplayedAnswers { get; private set; }

    public void Assemble(IReadOnlyList<PromptMessage> messages)
    {
        int from = 0;
        if (options.Replay is { } memory)
        {
            for (int i = 0; i < messages.Count; i++)
            {
                PromptMessage answer = messages[i];
                if (!answer.IsWholeAnswer)
                    continue;
                int first = i;
                while (i + 1 < messages.Count && messages[i + 1].IsWholeAnswer
                    && messages[i + 1].Source == answer.Source)
                    i++;
                if (memory.TryFind(answer, out ReplayEntry? entry))
                    from = TryReplay(TextOrigin.Message(first), TextOrigin.Message(i), entry, from);
            }
        }

        AddText(from, rendered.Text.Length, "");
    }

    /// <summary>The number of ids that a character position of the rendered text ends, or -1 inside a replay.</summary>
    public int TokensAt(int position)
    {
        foreach (Piece piece in _pieces)
        {
            if (position < piece.Start || position > piece.End)
                continue;
            if (position == piece.End && piece.Extra == 0)
                return piece.FirstId + piece.IdCount;
            var ids = new List<int>();
            ReadOnlySpan<char> text = rendered.Text.AsSpan(piece.Start, position - piece.Start);
            encoder.Encode(text, MarksIn(piece.Start, position), ids);
            int common = 0;
            while (common < ids.Count && common < piece.IdCount && ids[common] == _ids[piece.FirstId + common])
                common++;
            return piece.FirstId + common;
        }

        return -1;
    }

    /// <summary>The end of the last stretch of the request's text before a position.</summary>
    public int EndOfMarksBefore(int position)
    {
        int end = 0;
        foreach (TextSpan span in rendered.Marked)
        {
            if (span.Start >= position)
                break;
            end = Math.Min(span.End, position);
        }

        return end;
    }

    private int TryReplay(int firstOrigin, int lastOrigin, ReplayEntry entry, int from)
    {
        int first = -1;
        int last = -1;
        int next = rendered.Text.Length;
        foreach (TextSpan span in rendered.Marked)
        {
            if (span.Origin >= firstOrigin && span.Origin <= lastOrigin)
            {
                first = first < 0 ? span.Start : first;
                last = span.End;
            }
            else if (last >= 0)
            {
                next = span.Start;
                break;
            }
        }

        int before = first < 0 ? -1 : EndOfMarksBefore(first);
        if (before < from)
            return from;
        int stop = FindStop(first, last, next);
        if (stop < 0)
            return from;
        int pieces = _pieces.Count;
        int ids = _ids.Count;
        AddText(from, before, entry.Scaffold);
        if (entry.NeedsSamePrompt && !entry.Follows(_ids))
        {
            _pieces.RemoveRange(pieces, _pieces.Count - pieces);
            _ids.RemoveRange(ids, _ids.Count - ids);
            return from;
        }

        _ids.AddRange(entry.Tokens);
        ReplayedAnswers++;
        return stop;
    }

    /// <summary>
    /// Where the template ends the answer: the first stop text behind its last text, in [last, next). A template may
    /// name the called tool once more in front of the result; then it is the last stop text before that.
    /// </summary>
    private int FindStop(int first, int last, int next)
    {
        foreach (IReadOnlyList<string> stops in (IReadOnlyList<string>[])[options.StopTexts, [turnEnd], KnownStops])
        {
            int at = Earliest(rendered.Text.AsSpan(last, next - last), stops);
            if (at >= 0)
                return last + at;
        }

        for (int i = rendered.Marked.Count - 1; i > 0; i--)
        {
            int start = rendered.Marked[i - 1].End;
            int end = rendered.Marked[i].Start;
            if (end > last || start < first)
                continue;
            int at = Earliest(rendered.Text.AsSpan(start, end - start), KnownStops);
            if (at >= 0)
                return start + at;
        }

        return -1;
    }

    private static int Earliest(ReadOnlySpan<char> text, IReadOnlyList<string> parts)
    {
        int best = -1;
        foreach (string part in parts)
        {
            int at = part.Length == 0 ? -1 : text.IndexOf(part, StringComparison.Ordinal);
            if (at >= 0 && (best < 0 || at < best))
                best = at;
        }

        return best;
    }

    private void AddText(int start, int end, string extra)
    {
        int firstId = _ids.Count;
        if (end > start || extra.Length > 0)
        {
            string text = extra.Length == 0 && start == 0 && end == rendered.Text.Length
                ? rendered.Text
                : string.Concat(rendered.Text.AsSpan(start, end - start), extra);
            encoder.Encode(text, MarksIn(start, end), _ids);
        }

        _pieces.Add(new Piece(start, end, extra.Length, firstId, _ids.Count - firstId));
    }

    private List<TextSpan> MarksIn(int start, int end)
    {
        var marks = new List<TextSpan>();
        foreach (TextSpan span in rendered.Marked)
        {
            int from = Math.Max(span.Start, start);
            int to = Math.Min(span.End, end);
            if (to > from)
                marks.Add(new TextSpan(from - start, to - from, span.Origin));
        }

        return marks;
    }

    /// <summary>Characters [Start, End) of the rendered text, Extra more characters, and their ids.</summary>
    private readonly record struct Piece(int Start, int End, int Extra, int FirstId, int IdCount);
}
