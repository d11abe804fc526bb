using FastMlx.Engine.Disk;

namespace FastMlx.Engine.Scheduling;

/// <summary>
/// One request on its way: the tokens it consists of and how far they are computed. Counters instead of states:
/// without a timeline it waits; with Begun &lt; Known - 1 it prefills; else it decodes. Owned by the scheduler.
/// </summary>
internal sealed class Sequence
{
    private const int GrowthTokens = 1024;

    public Sequence(GenerationRequest request, ISequenceOutput output, double submittedMs, double key)
    {
        Request = request;
        Sampling = request.Sampling.Normalised();
        Output = output;
        SubmittedMs = submittedMs;
        Key = key;
        Tokens = new int[request.Prompt.Length + Math.Clamp(request.MaxTokens, 0, GrowthTokens) + 2];
        request.Prompt.CopyTo(Tokens, 0);
        Known = request.Prompt.Length;
        Checkpoints.AddRange(request.Checkpoints);
        if (request.PromptLogprobs >= 0)
        {
            Scores = new PromptScores(request.Prompt.Length, request.PromptLogprobs);
        }
    }

    public GenerationRequest Request { get; }

    public SamplingParameters Sampling { get; }

    public ISequenceOutput Output { get; }

    public double SubmittedMs { get; }

    /// <summary>
    /// Order of urgency, smallest first: arrival plus a lane's handicap, so that waiting ages by itself.
    /// </summary>
    public double Key { get; }

    /// <summary>
    /// [0, prompt) the prompt, [prompt, Known) sampled. Append-only: prefixes may be shared for ever.
    /// </summary>
    public int[] Tokens { get; private set; }

    public int Known { get; private set; }

    public Timeline? Timeline { get; set; }

    /// <summary>Samples that steps in flight will bring; at most two.</summary>
    public int SamplesInFlight { get; set; }

    public FinishReason Done { get; set; }

    /// <summary>The prompt's log-probabilities, where they are wanted.</summary>
    public PromptScores? Scores { get; }

    /// <summary>Positions are to be computed for their scores, even where a cache holds their state.</summary>
    public bool NeedsScores => Scores is { IsComplete: false };

    /// <summary>Steps of it may have more to ask than a sample.</summary>
    public bool HasAsks => NeedsScores || Request.Adjust is not null || Request.Constraint is not null;

    /// <summary>The most tokens whose state may come from a cache.</summary>
    public int ReusableTokens => NeedsScores ? Math.Min(Scores!.Known, Known - 1) : Known - 1;

    /// <summary>The slot's content cannot be trusted: close it, never keep it.</summary>
    public bool Lost { get; set; }

    /// <summary>Stands still for one plan, because its slot is to be forked or taken away.</summary>
    public bool Held { get; set; }

    /// <summary>Gives its slot back as soon as no step is in flight, and waits again.</summary>
    public bool Leaves { get; set; }

    public bool MayRun => IsAlive && !Held && !Lost && !Leaves;

    /// <summary>A sequence that is computing a prefix this one shares, up to <see cref="LeaderLength"/>.</summary>
    public Sequence? Leader { get; set; }

    public int LeaderLength { get; set; }

    /// <summary>
    /// Ascending positions where the state is kept on the way (models that cannot trim); taken ones go.
    /// </summary>
    public List<int> Checkpoints { get; } = [];

    /// <summary>How often a failed or preempted step made it start again.</summary>
    public int Restarts { get; set; }

    /// <summary>State on its way from the disk into <see cref="Timeline"/>, while the sequence still waits.</summary>
    public Restore? Restore { get; set; }

    /// <summary>The disk was asked; it is asked once.</summary>
    public bool AskedDisk { get; set; }

    public bool Admitted { get; set; }

    public int Reused { get; set; }

    public int DivergedAt { get; set; } = -1;

    public int Computed { get; set; }

    public double AdmittedMs { get; set; }

    public double FirstTokenMs { get; set; }

    public double EndedMs { get; set; }

    /// <summary>What a token of its state is worth to the cache.</summary>
    public double Weight => Request.Lane switch
    {
        Lane.Main => 4,
        Lane.Subagent => 2,
        _ => 0.5,
    };

    public int PromptLength => Request.Prompt.Length;

    public int Sampled => Known - PromptLength;

    public bool IsAlive => Done == FinishReason.None;

    /// <summary>Tokens begun to be computed: the length of the slot when all steps in flight are done.</summary>
    public int Begun => Timeline?.Count ?? 0;

    public void Append(int token)
    {
        if (Known == Tokens.Length)
        {
            var grown = Tokens;
            Array.Resize(ref grown, Known + GrowthTokens + (Known >> 2));
            Tokens = grown;
            if (Timeline is not null)
            {
                Timeline.Tokens = grown;
            }
        }

        Tokens[Known++] = token;
    }

    /// <summary>Ends it for its reader; the slot goes when no step is in flight. Once only.</summary>
    public void Finish(FinishReason reason, string? failure, double nowMs)
    {
        Done = reason;
        EndedMs = nowMs;
        Output.Report(Stats(nowMs));
        Output.End(reason, failure);
    }

    public GenerationStats Stats(double nowMs)
    {
        var end = IsAlive ? nowMs : EndedMs;
        var admitted = Admitted ? AdmittedMs : end;
        var first = FirstTokenMs > 0 ? FirstTokenMs : end;
        return new GenerationStats
        {
            PromptTokens = PromptLength,
            ReusedTokens = Reused,
            PrefilledTokens = Math.Max(0, Computed - Reused),
            SampledTokens = Delivered,
            QueueMs = admitted - SubmittedMs,
            PrefillMs = Math.Max(0, first - admitted),
            DecodeMs = Math.Max(0, end - first),
            DivergedAt = DivergedAt,
        };
    }

    /// <summary>Tokens handed to the output; less than Sampled by a stop token.</summary>
    public int Delivered { get; set; }
}
