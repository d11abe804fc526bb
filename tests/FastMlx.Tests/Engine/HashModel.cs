using System.Runtime.InteropServices;
using FastMlx.Engine;

namespace FastMlx.Tests.Engine;

/// <summary>
/// A model without weights: a slot keeps one hash per position, as a KV cache keeps a row, and the next token is a
/// function of the last one. So a wrong, missing, shared or stale position changes every answer after it. Uses that
/// break the contract of <see cref="IModel"/> are <see cref="InvalidOperationException"/>, never a model failure.
/// </summary>
public sealed class HashModel(HashModelOptions options) : IModel
{
    private const int MagicFormat = 0x48534831;

    private readonly Dictionary<int, Slot> _slots = [];
    private readonly Queue<HashStep> _steps = new();
    private HashStep? _finished;
    private int _nextSlot = 1;
    private int? _thread;

    public static int VocabSize => 1000;

    public ModelInfo Info { get; } = new()
    {
        VocabSize = VocabSize,
        ContextMax = options.ContextMax,
        CanTrim = options.CanTrim,
        WeightBytes = 1 << 20,
        StateBytesPerToken = options.BytesPerToken,
        CanAdjust = true,
        CanLogprobs = true,
        Backend = "hash",
        ModelType = "hash",
    };

    public int OpenSlots => _slots.Count;

    public int StepsInFlight => _steps.Count;

    public bool IsDisposed { get; private set; }

    public ulong TotalBytes => _slots.Values.Aggregate(0UL, (sum, slot) => sum + Size(slot.Rows.Count));

    public long StepsBegun { get; private set; }

    public long TokensFed { get; private set; }

    public static ulong Seed => 0x9E3779B97F4A7C15;

    public static ulong Extend(ulong hash, int token)
    {
        var x = (hash ^ (ulong)(uint)token) * 0xBF58476D1CE4E5B9;
        x ^= x >> 29;
        x *= 0x94D049BB133111EB;
        return x ^ (x >> 32);
    }

    /// <summary>The sample at a position: a function of the timeline, the position and the parameters.</summary>
    public static int Sample(ulong hash, int position, in SamplingParameters sampling)
    {
        var seed = sampling.Temperature > 0 ? sampling.Seed : 0;
        return (int)(Extend(hash ^ seed, position) % (ulong)VocabSize);
    }

    public int OpenSlot()
    {
        Call(ModelCall.Open);
        return Add(new Slot());
    }

    public int ForkSlot(int slot, int length)
    {
        var source = AtRest(slot);
        Require(length >= 0 && length <= source.Rows.Count, "fork beyond the slot's end");
        Call(ModelCall.Fork);
        if (!options.CanTrim && length != source.Rows.Count)
        {
            throw new ModelException(ModelFailure.Unsupported, "state cannot be cut");
        }

        var fork = new Slot();
        fork.Rows.AddRange(source.Rows.Take(length));
        return Add(fork);
    }

    public bool TryTrimSlot(int slot, int length)
    {
        var timeline = AtRest(slot);
        Require(length >= 0 && length <= timeline.Rows.Count, "trim beyond the slot's end");
        Call(ModelCall.Trim);
        if (length < timeline.Rows.Count)
        {
            if (!options.CanTrim)
            {
                return false;
            }

            timeline.Rows.RemoveRange(length, timeline.Rows.Count - length);
            timeline.SampledInStep = -1;
        }

        return true;
    }

    /// <summary>Whether the slot holds exactly the state of these tokens.</summary>
    public bool Holds(int slot, ReadOnlySpan<int> tokens)
    {
        var rows = Find(slot).Rows;
        var hash = Seed;
        foreach (var token in tokens)
        {
            hash = Extend(hash, token);
        }

        return rows.Count == tokens.Length && (rows.Count == 0 || rows[^1] == hash);
    }

    public ulong SlotBytes(int slot) => Size(Find(slot).Rows.Count);

    public void CloseSlot(int slot)
    {
        AtRest(slot, partial: true);
        _slots.Remove(slot);
    }

    public long SavedSize(int slot) => 8 + (8L * Find(slot).Rows.Count);

    public void SaveSlot(int slot, Span<byte> destination)
    {
        var timeline = AtRest(slot);
        Call(ModelCall.Save);
        Require(destination.Length == SavedSize(slot), "save into a buffer of another size");
        MemoryMarshal.Write(destination, MagicFormat);
        MemoryMarshal.Write(destination[4..], timeline.Rows.Count);
        CollectionsMarshal.AsSpan(timeline.Rows).CopyTo(MemoryMarshal.Cast<byte, ulong>(destination[8..]));
    }

    public int LoadSlot(ReadOnlySpan<byte> saved)
    {
        Call(ModelCall.Load);
        if (saved.Length < 8 || MemoryMarshal.Read<int>(saved) != MagicFormat
            || MemoryMarshal.Read<int>(saved[4..]) * 8L != saved.Length - 8)
        {
            return -1;
        }

        var slot = new Slot();
        slot.Rows.AddRange(MemoryMarshal.Cast<byte, ulong>(saved[8..]));
        return Add(slot);
    }

    public bool CanSaveRows => options.CanSaveRows;

    public long SavedRowsSize(int slot, int first, int count) => 16 + (8L * count);

    public void SaveRows(int slot, int first, int count, Span<byte> destination)
    {
        var timeline = AtRest(slot);
        Require(CanSaveRows && first + count <= timeline.Rows.Count, "save rows that are not there");
        Require(destination.Length == SavedRowsSize(slot, first, count), "save rows into a buffer of another size");
        Call(ModelCall.Save);
        MemoryMarshal.Write(destination, MagicFormat + 1);
        MemoryMarshal.Write(destination[4..], first);
        MemoryMarshal.Write(destination[8..], count);
        MemoryMarshal.Write(destination[12..], !options.CanTrim && first + count == timeline.Rows.Count ? 1 : 0);
        var rows = CollectionsMarshal.AsSpan(timeline.Rows).Slice(first, count);
        MemoryMarshal.AsBytes(rows).CopyTo(destination[16..]);
    }

    public bool LoadRows(int slot, ReadOnlySpan<byte> saved)
    {
        var timeline = AtRest(slot, partial: true);
        Call(ModelCall.Load);
        var count = saved.Length < 16 ? -1 : MemoryMarshal.Read<int>(saved[8..]);
        if (count < 0 || saved.Length != 16 + (8L * count) || MemoryMarshal.Read<int>(saved) != MagicFormat + 1
            || MemoryMarshal.Read<int>(saved[4..]) != timeline.Rows.Count)
        {
            return false;
        }

        var rows = new ulong[count];
        saved[16..].CopyTo(MemoryMarshal.AsBytes(rows.AsSpan()));
        timeline.Rows.AddRange(rows);
        timeline.SampledInStep = -1;
        timeline.IsPartial = !options.CanTrim && MemoryMarshal.Read<int>(saved[12..]) == 0;
        return true;
    }

    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens) => BeginStep(rows, tokens, default);

    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens, in StepAdjusts adjusts)
    {
        CheckThread();
        Require(_steps.Count < 2, "a third step in flight");
        Require(rows.Length > 0, "a step without rows");
        Require(tokens.Length <= options.MaxStepTokens, "a step beyond max_step_tokens");
        StepsBegun++;
        TokensFed += tokens.Length;
        Check(rows, tokens);
        var failure = options.Fails?.Invoke(ModelCall.Begin);
        if (failure is null && options.StateBytesMax > 0 && Grown(tokens.Length) > options.StateBytesMax)
        {
            failure = ModelFailure.NoMemory;
        }

        var step = new HashStep(rows.ToArray());
        var at = 0;
        for (var i = 0; i < rows.Length; i++)
        {
            step.Next[i] = Feed(step, i, tokens.Slice(at, rows[i].Count), adjusts, failure is not null);
            at += rows[i].Count;
        }

        if (failure is { } kind)
        {
            throw new ModelException(kind, "begin failed");
        }

        foreach (var row in rows)
        {
            _slots[row.Slot].InFlight++;
        }

        _steps.Enqueue(step);
    }

    public void EndStep(Span<int> next)
    {
        CheckThread();
        Require(_steps.Count > 0, "end without begin");
        var step = _steps.Dequeue();
        Require(next.Length == step.Next.Length, "end with another number of rows");
        foreach (var row in step.Rows)
        {
            _slots[row.Slot].InFlight--;
        }

        if (options.Fails?.Invoke(ModelCall.End) is { } kind)
        {
            foreach (var row in step.Rows)
            {
                Spoil(_slots[row.Slot]);
            }

            throw new ModelException(kind, "end failed");
        }

        step.Next.CopyTo(next);
        _finished = step;
    }

    public float Logprobs(int row, Span<TokenLogprob> top)
    {
        var step = _finished!;
        Require(step.Rows[row].Sample == 3, "log-probabilities of a row that kept none");
        HashLogprobs.Top(step.Hashes[row], top);
        return HashLogprobs.Of(step.Hashes[row], step.Next[row]);
    }

    public void Scores(int row, Span<float> scores, Span<TokenLogprob> top)
    {
        var told = _finished!.Scores.GetValueOrDefault(row) ?? [];
        Require(told.Count == scores.Length, "scores of a row that was not asked for them");
        for (var i = 0; i < told.Count; i++)
        {
            scores[i] = HashLogprobs.Of(told[i].Hash, told[i].Token);
            var each = top.Length / scores.Length;
            HashLogprobs.Top(told[i].Hash, top.Slice(i * each, each));
        }
    }

    public void Dispose()
    {
        IsDisposed = true;
        options.Disposed?.Invoke(this);
    }

    private void Check(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens)
    {
        var seen = new HashSet<int>();
        var total = 0;
        foreach (var row in rows)
        {
            Require(seen.Add(row.Slot), "a slot twice in one step");
            Require(row.Count > 0, "an empty row");
            Require(!Find(row.Slot).IsPartial, "a step over rows without the rest of their state");
            Require(row.First == Find(row.Slot).Rows.Count, "first is not the slot's length");
            Require(row.First + row.Count <= options.ContextMax, "a row beyond the context");
            total += row.Count;
        }

        Require(total == tokens.Length, "rows and tokens disagree");
    }

    private int Feed(HashStep step, int index, ReadOnlySpan<int> tokens, in StepAdjusts adjusts, bool spoil)
    {
        var row = step.Rows[index];
        var adjust = HashAdjust.Of(index, adjusts);
        var slot = _slots[row.Slot];
        var sampledBefore = slot.SampledInStep;
        slot.SampledInStep = -1;
        foreach (var token in tokens)
        {
            var fed = token;
            if (token == StepRow.LastToken)
            {
                Require(sampledBefore == StepsBegun - 1, "LastToken without a sample in the step before");
                fed = slot.Last;
                adjust?.See(fed);
            }

            Require(fed >= 0 && fed < VocabSize, "a token outside the vocabulary");
            slot.Rows.Add(Extend(slot.Rows.Count > 0 ? slot.Rows[^1] : Seed, fed));
        }

        if (adjust is not null)
        {
            var rowHashes = CollectionsMarshal.AsSpan(slot.Rows)[^row.Count..];
            step.Scores[index] = adjust.Scored(rowHashes);
        }

        if (spoil)
        {
            Spoil(slot);
        }

        if (row.Sample == 0)
        {
            return -1;
        }

        var sampling = new SamplingParameters(row.Temperature, row.TopP, row.MinP, row.TopK, row.Seed);
        step.Hashes[index] = slot.Rows[^1];
        slot.Last = adjust is null
            ? Sample(slot.Rows[^1], slot.Rows.Count, sampling)
            : adjust.Sample(slot.Rows[^1], slot.Rows.Count, sampling);
        slot.SampledInStep = StepsBegun;
        return slot.Last;
    }

    // After a failure the rows are lost: whoever goes on with them gets wrong answers.
    private static void Spoil(Slot slot)
    {
        for (var i = 0; i < slot.Rows.Count; i++)
        {
            slot.Rows[i] ^= 0xDEAD;
        }
    }

    private void Call(ModelCall call)
    {
        CheckThread();
        if (options.Fails?.Invoke(call) is { } kind)
        {
            throw new ModelException(kind, call + " failed");
        }
    }

    private int Add(Slot slot)
    {
        if (_slots.Count >= options.MaxSlots || (options.StateBytesMax > 0 && Grown(slot.Rows.Count) > options.StateBytesMax))
        {
            throw new ModelException(ModelFailure.NoMemory, "no room for a slot");
        }

        _slots.Add(_nextSlot, slot);
        return _nextSlot++;
    }

    private ulong Grown(int tokens) => TotalBytes + ((ulong)tokens * options.BytesPerToken);

    private ulong Size(int length) => options.FixedBytes + ((ulong)length * options.BytesPerToken);

    private Slot Find(int slot)
    {
        CheckThread();
        Require(_slots.ContainsKey(slot), "an unknown slot");
        return _slots[slot];
    }

    private Slot AtRest(int slot, bool partial = false)
    {
        var found = Find(slot);
        Require(partial || !found.IsPartial, "a use of rows without the rest of their state");
        Require(found.InFlight == 0, "a slot touched with a step in flight");
        return found;
    }

    private void CheckThread()
    {
        Require(!IsDisposed, "a call after Dispose");
        _thread ??= Environment.CurrentManagedThreadId;
        Require(_thread == Environment.CurrentManagedThreadId, "a call from another thread");
    }

    private static void Require(bool condition, string broken)
    {
        if (!condition)
        {
            throw new InvalidOperationException("The engine broke the contract of the model: " + broken + ".");
        }
    }

    private sealed class Slot
    {
        public List<ulong> Rows { get; } = [];

        public int InFlight { get; set; }

        public int Last { get; set; }

        public long SampledInStep { get; set; } = -1;

        /// <summary>Rows without the rest of a state that has other parts: to be appended to or closed.</summary>
        public bool IsPartial { get; set; }
    }
}
