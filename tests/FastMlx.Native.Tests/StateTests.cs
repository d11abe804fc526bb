using FastMlx.Engine;
using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>
/// Every tiny model's timelines: what a batch, a fork, a trim, a saved state or another chunking may never change, to
/// the bit.
/// </summary>
public sealed class StateTests
{
    private const int Long = 300; // past every window of the tiny models, and past four pages of state
    private const int Vocabulary = 96;

    public static TheoryData<string, NativeBackend> Models() => Backends.TinyModels(NativeBackend.Cpu, "*");

    [Theory]
    [MemberData(nameof(Models))]
    public void BatchOfThree_EqualsThreeSingles(string name, NativeBackend backend)
    {
        using NativeModel model = Backends.OpenTiny(name, backend);
        int[][] prompts = [Tokens(1, 90), Tokens(2, 7), Tokens(3, 33)];
        var alone = new List<TokenLogprob[]>();
        foreach (int[] prompt in prompts)
        {
            int slot = model.OpenSlot();
            alone.Add(Step(model, [(slot, 0, prompt)])[0]);
            alone.Add(Step(model, [(slot, prompt.Length, [5])])[0]);
        }

        int[] slots = [model.OpenSlot(), model.OpenSlot(), model.OpenSlot()];
        TokenLogprob[][] first = Step(model, [.. slots.Select((slot, i) => (slot, 0, prompts[i]))]);
        TokenLogprob[][] second = Step(model, [.. slots.Select((slot, i) => (slot, prompts[i].Length, new[] { 5 }))]);
        for (int i = 0; i < slots.Length; i++)
        {
            Nearness.Same(alone[2 * i], first[i], backend, name);
            Nearness.Same(alone[(2 * i) + 1], second[i], backend, name);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void ForkAndSavedState_GoOnAsTheirSource(string name, NativeBackend backend)
    {
        using NativeModel model = Backends.OpenTiny(name, backend);
        int[] prompt = Tokens(4, 150);
        int source = model.OpenSlot();
        Step(model, [(source, 0, prompt)]);
        var saved = new byte[model.SavedSize(source)];
        model.SaveSlot(source, saved);
        int fork = model.ForkSlot(source, prompt.Length);
        TokenLogprob[] expected = Step(model, [(source, prompt.Length, [8, 9])])[0];
        Step(model, [(fork, prompt.Length, [70])]); // writes to what it shares with its source
        TokenLogprob[] second = Step(model, [(source, prompt.Length + 2, [11])])[0];

        using NativeModel other = Backends.OpenTiny(name, backend);
        int loaded = other.LoadSlot(saved);
        Assert.Equal(prompt.Length, other.SlotLength(loaded));
        Assert.Equal(expected, Step(other, [(loaded, prompt.Length, [8, 9])])[0]);
        Assert.Equal(second, Step(other, [(loaded, prompt.Length + 2, [11])])[0]);

        int fresh = model.OpenSlot();
        Step(model, [(fresh, 0, prompt)]);
        TokenLogprob[] branch = Step(model, [(fresh, prompt.Length, [70, 71])])[0];
        Nearness.Same(branch, Step(model, [(fork, prompt.Length + 1, [71])])[0], backend, name);
        saved[saved.Length / 2] ^= 1;
        Assert.Equal(-1, other.LoadSlot(saved.AsSpan(0, saved.Length - 1)));
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void RowsSavedInPieces_GoOnAsTheirSource(string name, NativeBackend backend)
    {
        using NativeModel model = Backends.OpenTiny(name, backend);
        Assert.True(model.CanSaveRows);
        int[] prompt = Tokens(7, Long);
        int source = model.OpenSlot();
        Step(model, [(source, 0, prompt[..200])]);
        byte[][] pieces = [.. Pieces(0, 50, 64, 129, 192, 200).Select(piece => Rows(model, source, piece))];
        byte[] early = pieces[^1];
        TokenLogprob[] after200 = Step(model, [(source, 200, [8])])[0];
        Step(model, [(source, 201, prompt[201..])]);
        TokenLogprob[] expected = Step(model, [(source, Long, [9])])[0];

        // A longer timeline of the same beginning: only its new rows are saved, and the state that is not in rows.
        int longer = model.OpenSlot();
        Step(model, [(longer, 0, [.. prompt[..200], 8, .. prompt[201..]])]);
        byte[] appended = Rows(model, longer, (200, Long - 200));

        using NativeModel other = Backends.OpenTiny(name, backend);
        int loaded = other.OpenSlot();
        foreach (byte[] piece in pieces[..^1])
            Assert.True(other.LoadRows(loaded, piece));
        if (!model.Info.CanTrim)
        {
            var row = new StepRow { Slot = loaded, First = 192, Count = 1, TopP = 1 };
            Assert.Throws<ModelException>(() => other.BeginStep([row], [1])); // windows and recurrent state are missing
            Assert.Throws<ModelException>(() => other.ForkSlot(loaded, 192));
            Assert.Throws<ModelException>(() => other.SavedSize(loaded));
        }

        Assert.False(other.LoadRows(loaded, pieces[0]));
        Assert.False(other.LoadRows(loaded, early.AsSpan(0, early.Length - 1)));
        Assert.True(other.LoadRows(loaded, early));
        Assert.Equal(200, other.SlotLength(loaded));
        int fork = other.ForkSlot(loaded, 200);
        Assert.True(other.LoadRows(fork, appended)); // into a page that it shares: the source keeps its own
        Assert.Equal(after200, Step(other, [(loaded, 200, [8])])[0]);
        Assert.Equal(Long, other.SlotLength(fork));
        Nearness.Same(expected, Step(other, [(fork, Long, [9])])[0], backend, name);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Trim_EqualsNeverHavingGoneOn(string name, NativeBackend backend)
    {
        using NativeModel model = Backends.OpenTiny(name, backend);
        int[] prompt = Tokens(5, 140);
        int slot = model.OpenSlot();
        Step(model, [(slot, 0, prompt)]);
        TokenLogprob[] expected = Step(model, [(slot, prompt.Length, [3])])[0];
        Step(model, [(slot, prompt.Length + 1, [44, 45, 46])]);
        bool recurrent = !model.TryTrimSlot(slot, prompt.Length);
        if (!recurrent)
            Assert.Equal(expected, Step(model, [(slot, prompt.Length, [3])])[0]);
        if (model.Info.CanTrim)
        {
            Assert.False(recurrent);
            int fork = model.ForkSlot(slot, 70);
            Step(model, [(fork, 70, prompt[70..])]);
            Nearness.Same(expected, Step(model, [(fork, prompt.Length, [3])])[0], backend, name);
        }

        Assert.True(model.TryTrimSlot(slot, 0)); // an empty timeline is always allowed
        Step(model, [(slot, 0, prompt)]);
        Assert.Equal(expected, Step(model, [(slot, prompt.Length, [3])])[0]);
    }

    // The second step of each pair is begun before the first has ended and takes a token that nobody has seen yet.
    [Theory]
    [MemberData(nameof(Models))]
    public void TwoStepsInFlight_EqualOneByOne(string name, NativeBackend backend)
    {
        using NativeModel model = Backends.OpenTiny(name, backend);
        int[][] prompts = [Tokens(8, 20), Tokens(9, 3), Tokens(10, 41)];
        int[] slots = [model.OpenSlot(), model.OpenSlot(), model.OpenSlot()];
        int[][] expected = [.. prompts.Select(prompt => Steps.Greedy(model, model.OpenSlot(), prompt, 6).ToArray())];
        var seen = new List<int>[] { [], [], [] };
        Begin(prompts);
        for (int step = 1; step < 6; step++)
        {
            Begin([[StepRow.LastToken], [StepRow.LastToken], [StepRow.LastToken]]);
            End();
        }

        End();
        for (int i = 0; i < 3; i++)
            Assert.Equal(expected[i], seen[i]);

        void Begin(int[][] tokens) => model.BeginStep(
            [.. slots.Select((slot, i) => new StepRow
            {
                Slot = slot, First = model.SlotLength(slot), Count = tokens[i].Length, Sample = 1, TopP = 1,
            })],
            [.. tokens.SelectMany(row => row)]);

        void End()
        {
            var next = new int[3];
            model.EndStep(next);
            for (int i = 0; i < 3; i++)
                seen[i].Add(next[i]);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Chunks_ChangeNothing_PastEveryWindow(string name, NativeBackend backend)
    {
        using NativeModel model = Backends.OpenTiny(name, backend);
        int[] prompt = Tokens(6, Long);
        TokenLogprob[]? whole = null;
        // MLX's graphs take their time. It has DeltaNet in chunks, but for few tokens.
        bool delta = name.StartsWith("qwen3_next", StringComparison.Ordinal)
            || name.StartsWith("qwen3_5", StringComparison.Ordinal);
        int[] chunks = backend == NativeBackend.Cpu ? [Long, 64, 7, 1] : delta ? [Long, 64, 7] : [Long, 64, 29];
        foreach (int chunk in chunks)
        {
            int slot = model.OpenSlot();
            TokenLogprob[] last = [];
            for (int first = 0; first < Long; first += chunk)
                last = Step(model, [(slot, first, prompt[first..Math.Min(Long, first + chunk)])])[0];
            whole ??= last;
            Nearness.Same(whole, last, backend, name);
            model.CloseSlot(slot);
        }
    }

    private static IEnumerable<(int First, int Count)> Pieces(params int[] cuts) =>
        cuts.Zip(cuts.Skip(1), (first, end) => (first, end - first));

    private static byte[] Rows(NativeModel model, int slot, (int First, int Count) piece)
    {
        var saved = new byte[model.SavedRowsSize(slot, piece.First, piece.Count)];
        model.SaveRows(slot, piece.First, piece.Count, saved);
        return saved;
    }

    private static int[] Tokens(int seed, int count)
    {
        uint state = (uint)seed;
        var tokens = new int[count];
        for (int i = 0; i < count; i++)
        {
            state = (state * 1664525) + 1013904223;
            tokens[i] = (int)(state >> 16) % Vocabulary;
        }

        return tokens;
    }

    // One step; per row what was chosen and the best tokens with their log-probabilities: any other bit shows.
    private static TokenLogprob[][] Step(NativeModel model, (int Slot, int First, int[] Tokens)[] rows)
    {
        StepRow[] step = [.. rows.Select(row => new StepRow
        {
            Slot = row.Slot, First = row.First, Count = row.Tokens.Length, Sample = 3, TopP = 1,
        })];
        model.BeginStep(step, [.. rows.SelectMany(row => row.Tokens)]);
        var next = new int[rows.Length];
        model.EndStep(next);
        var results = new TokenLogprob[rows.Length][];
        for (int i = 0; i < rows.Length; i++)
        {
            results[i] = new TokenLogprob[20];
            float chosen = model.Logprobs(i, results[i]);
            results[i] = [.. results[i], new TokenLogprob(next[i], chosen)];
        }

        return results;
    }
}
