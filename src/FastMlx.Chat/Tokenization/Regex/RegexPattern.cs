namespace FastMlx.Chat.Tokenization;

/// <summary>
/// A pattern without a hand-written scanner. Finds what a backtracking engine finds (first alternative first), in time
/// linear in the text: failures are remembered over all matches in a text, see <see cref="RegexMemo"/>.
/// </summary>
internal sealed class RegexPattern : CutPattern
{
    private readonly RegexStep[] _steps;
    private readonly int[] _memos;

    public RegexPattern(string pattern) => (_steps, _memos) = RegexCompiler.Compile(RegexParser.Parse(pattern));

    public override void CutAll(ReadOnlySpan<byte> text, int offset, CutList output, EncodeScratch scratch)
    {
        RegexMemo memo = scratch.Memo;
        memo.Begin(_memos, text.Length);
        int gap = 0;
        int position = 0;
        while (position < text.Length)
        {
            int end = Run(text, 0, position, 0, memo, exactEnd: -1);
            if (end < 0)
            {
                position += Utf8Text.LengthOf(text[position]);
                continue;
            }
            // An empty match cuts, but is no piece.
            if (gap < position)
                output.Add(offset + gap, offset + position);
            if (end > position)
                output.Add(offset + position, offset + end, isMatch: true);
            memo.Forget(0, end);
            gap = end;
            position = end > position ? end : position + Utf8Text.LengthOf(text[position]);
        }
        if (gap < text.Length)
            output.Add(offset + gap, offset + text.Length);
    }

    /// <summary>The end of the match of a (sub-)pattern that begins at a position, or -1.</summary>
    private int Run(ReadOnlySpan<byte> text, int step, int position, int sub, RegexMemo memo, int exactEnd)
    {
        Stack<(int Step, int Position)> choices = memo.Choices;
        int bottom = choices.Count;
        int trail = memo.Trail.Count;
        while (true)
        {
            bool ok = true;
            RegexStep current = _steps[step];
            switch (current.Op)
            {
                case RegexOp.Match:
                    ok = exactEnd < 0 || position == exactEnd;
                    if (ok)
                    {
                        while (choices.Count > bottom)
                            choices.Pop();
                        if (sub != 0)
                            memo.Rewind(trail);
                        return position;
                    }
                    break;
                case RegexOp.Split:
                    // Behind runs have different ends, so their failures are not remembered; they are short.
                    ok = exactEnd >= 0 || memo.Mark(sub, current.Memo, position, keepTrail: sub != 0);
                    if (ok)
                        choices.Push((current.B, position));
                    step = current.A;
                    break;
                case RegexOp.Jump:
                    step = current.A;
                    break;
                default:
                    ok = TryStep(text, current, ref step, ref position, memo);
                    break;
            }
            if (ok)
                continue;
            if (choices.Count == bottom)
            {
                memo.Keep(trail);
                return -1;
            }
            (step, position) = choices.Pop();
        }
    }

    private bool TryStep(ReadOnlySpan<byte> text, RegexStep current, ref int step, ref int position, RegexMemo memo)
    {
        switch (current.Op)
        {
            case RegexOp.One:
                if (position >= text.Length || !current.Set!.Contains(Utf8Text.Decode(text, position, out int length)))
                    return false;
                position += length;
                step++;
                return true;
            case RegexOp.Run:
                while (position < text.Length && current.Set!.Contains(Utf8Text.Decode(text, position, out length)))
                    position += length;
                step++;
                return true;
            case RegexOp.Ahead:
                bool ahead = Run(text, step + 1, position, current.Sub, memo, exactEnd: -1) >= 0;
                step = current.A;
                return ahead != current.Negative;
            case RegexOp.Behind:
                bool behind = LooksBehind(text, current, step + 1, position, memo);
                step = current.A;
                return behind != current.Negative;
            case RegexOp.Atomic:
                int end = Run(text, step + 1, position, current.Sub, memo, exactEnd: -1);
                position = end;
                step = current.A;
                return end >= 0;
            default:
                step++;
                return RegexAssertions.Holds(current.Assertion, text, position);
        }
    }

    private bool LooksBehind(ReadOnlySpan<byte> text, RegexStep look, int body, int position, RegexMemo memo)
    {
        int start = position;
        for (int n = 0; n <= look.MaxLength; n++)
        {
            if (n >= look.MinLength && Run(text, body, start, look.Sub, memo, exactEnd: position) >= 0)
                return true;
            if (start == 0)
                return false;
            start = Utf8Text.Before(text, start);
        }
        return false;
    }
}
