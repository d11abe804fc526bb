using System.Runtime.InteropServices;

namespace FastMlx.Engine.Scheduling;

/// <summary>
/// What the rows of one step ask for beside their samples: adjustments, scores, log-probabilities. Reused from step to
/// step; empty for most steps.
/// </summary>
internal sealed class StepAsks(int maxRows)
{
    /// <summary>The chosen token and the best ones.</summary>
    private const int LogprobsPerRow = 1 + GenerationRequest.LogprobsMax;

    private readonly List<StepAdjust> _adjusts = [];
    private readonly List<int> _ids = [];
    private readonly List<float> _values = [];
    private readonly List<uint> _mask = [];
    private TokenLogprob[] _logprobs = [];

    public bool HasAdjusts => _adjusts.Count > 0;

    public StepAdjusts Adjusts => new()
    {
        Rows = CollectionsMarshal.AsSpan(_adjusts),
        Ids = CollectionsMarshal.AsSpan(_ids),
        Values = CollectionsMarshal.AsSpan(_values),
        Mask = CollectionsMarshal.AsSpan(_mask),
    };

    public void Clear()
    {
        _adjusts.Clear();
        _ids.Clear();
        _values.Clear();
        _mask.Clear();
    }

    /// <summary>Notes what a row asks for; its timeline does not yet count the row's tokens.</summary>
    public void Add(int row, Sequence sequence, int first, int count, bool sample)
    {
        var adjust = new StepAdjust { Row = row };
        var isEmpty = true;
        if (sample && sequence.Request.Adjust is { } wanted)
        {
            AddBias(ref adjust, sequence, wanted);
            AddSeen(ref adjust, sequence, wanted);
            isEmpty = adjust.BiasCount == 0 && !wanted.Penalises;
        }

        if (sample && sequence.Request.Constraint is { } constraint)
        {
            adjust.MaskFirst = _mask.Count;
            _mask.AddRange(constraint.Mask);
            isEmpty = false;
        }

        if (sequence.NeedsScores && Math.Min(count, sequence.PromptLength - 1 - first) is > 0 and var scored)
        {
            adjust.ScoreFirst = _ids.Count;
            adjust.ScoreCount = scored;
            adjust.ScoreTop = sequence.Scores!.Top;
            _ids.AddRange(sequence.Tokens.AsSpan(first + 1, scored));
            isEmpty = false;
        }

        if (!isEmpty)
        {
            _adjusts.Add(adjust);
        }
    }

    /// <summary>Takes what the model tells of its last finished step, which was this one.</summary>
    public void Collect(IModel model, Step step)
    {
        foreach (ref readonly var adjust in CollectionsMarshal.AsSpan(_adjusts))
        {
            if (adjust.ScoreCount > 0 && step.Owner(adjust.Row).Scores is { } scores)
            {
                var first = step.Rows[adjust.Row].First;
                model.Scores(
                    adjust.Row,
                    scores.ScoresFrom(first, adjust.ScoreCount),
                    scores.TopFrom(first, adjust.ScoreCount));
                scores.Known = Math.Max(scores.Known, first + adjust.ScoreCount);
            }
        }

        for (var row = 0; row < step.RowCount; row++)
        {
            if (step.Rows[row].Sample == 3)
            {
                var told = Logprobs(row, step.Owner(row).Request.Logprobs);
                told[0] = new TokenLogprob(step.Next[row], model.Logprobs(row, told[1..]));
            }
        }
    }

    /// <summary>Of what a row sampled: itself, then the best ones; empty where nobody asked.</summary>
    public ReadOnlySpan<TokenLogprob> LogprobsOf(Step step, int row) =>
        step.Rows[row].Sample == 3 ? Logprobs(row, step.Owner(row).Request.Logprobs) : [];

    private Span<TokenLogprob> Logprobs(int row, int top)
    {
        if (_logprobs.Length == 0)
        {
            _logprobs = new TokenLogprob[maxRows * LogprobsPerRow];
        }

        return _logprobs.AsSpan(row * LogprobsPerRow, 1 + top);
    }

    private void AddBias(ref StepAdjust adjust, Sequence sequence, LogitAdjustment wanted)
    {
        // Values stand at the places of their ids: what lies between belongs to other rows' tokens.
        CollectionsMarshal.SetCount(_values, _ids.Count);
        adjust.BiasFirst = _ids.Count;
        _ids.AddRange(wanted.BiasIds);
        _values.AddRange(wanted.BiasValues);
        var coming = sequence.Sampled + sequence.SamplesInFlight + sequence.Request.AnswerTokens;
        if (coming < wanted.TokensMin)
        {
            foreach (var stop in sequence.Request.StopTokens)
            {
                _ids.Add(stop);
                _values.Add(float.NegativeInfinity);
            }
        }

        adjust.BiasCount = _ids.Count - adjust.BiasFirst;
    }

    private void AddSeen(ref StepAdjust adjust, Sequence sequence, LogitAdjustment wanted)
    {
        if (!wanted.Penalises)
        {
            return;
        }

        // The prompt matters to one of the penalties only.
        var answer = sequence.PromptLength - sequence.Request.AnswerTokens;
        var first = wanted.RepetitionPenalty != 1 ? 0 : answer;
        adjust.SeenFirst = _ids.Count;
        adjust.SeenPrompt = answer - first;
        _ids.AddRange(sequence.Tokens.AsSpan(first, sequence.Known - first));
        adjust.SeenCount = _ids.Count - adjust.SeenFirst;
        adjust.FrequencyPenalty = wanted.FrequencyPenalty;
        adjust.PresencePenalty = wanted.PresencePenalty;
        adjust.RepetitionPenalty = wanted.RepetitionPenalty;
    }
}
