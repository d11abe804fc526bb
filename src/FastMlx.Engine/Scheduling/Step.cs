namespace FastMlx.Engine.Scheduling;

/// <summary>One step's rows and tokens, reused from step to step.</summary>
internal sealed class Step(int maxRows, int maxTokens)
{
    private readonly StepRow[] _rows = new StepRow[maxRows];
    private readonly Sequence?[] _owners = new Sequence?[maxRows];
    private readonly int[] _tokens = new int[maxTokens];
    private readonly int[] _next = new int[maxRows];

    public int RowCount { get; private set; }

    public int TokenCount { get; private set; }

    public int RowRoom => _rows.Length - RowCount;

    public ReadOnlySpan<StepRow> Rows => _rows.AsSpan(0, RowCount);

    public ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, TokenCount);

    public Span<int> Next => _next.AsSpan(0, RowCount);

    public StepAsks Asks { get; } = new(maxRows);

    public double BegunMs { get; set; }

    public double BeginTookMs { get; set; }

    public Sequence Owner(int row) => _owners[row]!;

    public void Clear()
    {
        Array.Clear(_owners);
        RowCount = 0;
        TokenCount = 0;
        Asks.Clear();
    }

    /// <summary>Adds a row that feeds <paramref name="tokens"/> behind what the sequence's slot holds.</summary>
    public void Add(Sequence sequence, ReadOnlySpan<int> tokens, bool sample)
    {
        var sampling = sequence.Sampling;
        var timeline = sequence.Timeline!;
        if (sequence.HasAsks)
        {
            Asks.Add(RowCount, sequence, timeline.Count, tokens.Length, sample);
        }

        _owners[RowCount] = sequence;
        _rows[RowCount++] = new StepRow
        {
            Slot = timeline.Slot,
            First = timeline.Count,
            Count = tokens.Length,
            Sample = !sample ? 0 : sequence.Request.Logprobs < 0 ? 1 : 3,
            Temperature = sampling.Temperature,
            TopP = sampling.TopP,
            MinP = sampling.MinP,
            TopK = sampling.TopK,
            Seed = sampling.Seed,
        };
        tokens.CopyTo(_tokens.AsSpan(TokenCount));
        TokenCount += tokens.Length;
        timeline.Count += tokens.Length;
        timeline.InFlight++;
        if (sample)
        {
            sequence.SamplesInFlight++;
        }
    }
}
