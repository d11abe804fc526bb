using System.Runtime.InteropServices;

namespace FastMlx.Engine;

/// <summary>
/// What the engine needs of a model: slots (timelines of tokens) and steps over them. Mirrors <c>fastmlx.h</c>.
/// Threads: all members are called by one thread only, the one that opened the model. Failures are
/// <see cref="ModelException"/>; after one in a step the rows of that step must be considered lost.
/// </summary>
public interface IModel : IDisposable
{
    public ModelInfo Info { get; }

    public int OpenSlot();

    /// <summary>A new slot that shares the first <paramref name="length"/> tokens, copy on write.</summary>
    public int ForkSlot(int slot, int length);

    /// <summary>Cuts a slot to <paramref name="length"/> tokens; false where its state cannot be cut there.</summary>
    public bool TryTrimSlot(int slot, int length);

    /// <summary>
    /// Bytes that this slot's state takes. What slots share may be counted in one of them or divided: the sum over all
    /// slots is compared with the budget. It may wait for steps in flight, so it is asked rarely.
    /// </summary>
    public ulong SlotBytes(int slot);

    public void CloseSlot(int slot);

    /// <summary>Bytes that <see cref="SaveSlot"/> would write.</summary>
    public long SavedSize(int slot);

    public void SaveSlot(int slot, Span<byte> destination);

    /// <summary>A slot from saved bytes, or -1 where they do not belong to this model.</summary>
    public int LoadSlot(ReadOnlySpan<byte> saved);

    /// <summary>
    /// Whether ranges of tokens can be saved and appended on their own. State that is not one row a token (recurrent,
    /// windows; the model then does not trim) comes with the range that ends at the slot's length. False: only whole
    /// slots are saved, as one span.
    /// </summary>
    public bool CanSaveRows => false;

    /// <summary>Bytes that <see cref="SaveRows"/> would write.</summary>
    public long SavedRowsSize(int slot, int first, int count) =>
        throw new ModelException(ModelFailure.Unsupported, "This model does not save rows.");

    /// <summary>Saves the state of tokens [first, first + count).</summary>
    public void SaveRows(int slot, int first, int count, Span<byte> destination) =>
        throw new ModelException(ModelFailure.Unsupported, "This model does not save rows.");

    /// <summary>
    /// Appends saved rows to a slot whose length is where they began; false, and the slot as before, where they do not
    /// belong to this model or not there. Without the rest of the state, where the model has such, the slot may only be
    /// appended to and closed.
    /// </summary>
    public bool LoadRows(int slot, ReadOnlySpan<byte> saved) => false;

    /// <summary>Queues a step. At most two are in flight.</summary>
    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens);

    /// <summary>
    /// The same with adjustments of some rows. Only where <see cref="ModelInfo.CanAdjust"/>: a request that needs one
    /// must have been refused before.
    /// </summary>
    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens, in StepAdjusts adjusts)
    {
        if (!adjusts.Rows.IsEmpty)
        {
            throw new ModelException(ModelFailure.Unsupported, "This model takes no adjustments.");
        }

        BeginStep(rows, tokens);
    }

    /// <summary>Finishes the oldest step: one id a row, -1 where nothing was sampled.</summary>
    public void EndStep(Span<int> next);

    /// <summary>
    /// Log-probability of what row <paramref name="row"/> of the last finished step chose, and of the best tokens in
    /// falling order. The row's Sample must have been 3; only where <see cref="ModelInfo.CanLogprobs"/>.
    /// </summary>
    public float Logprobs(int row, Span<TokenLogprob> top) =>
        throw new ModelException(ModelFailure.Unsupported, "This model tells no log-probabilities.");

    /// <summary>
    /// Log-probabilities of the tokens that the adjustment of row <paramref name="row"/> of the last finished step
    /// named, and for each the best tokens in falling order: <paramref name="top"/> is (scores, top). Only where
    /// <see cref="ModelInfo.CanAdjust"/>.
    /// </summary>
    public void Scores(int row, Span<float> scores, Span<TokenLogprob> top) =>
        throw new ModelException(ModelFailure.Unsupported, "This model tells no log-probabilities.");
}

/// <summary>Facts about an open model. Sizes in bytes, lengths in tokens.</summary>
public sealed record ModelInfo
{
    public required int VocabSize { get; init; }
    public required int ContextMax { get; init; }
    public required bool CanTrim { get; init; }
    public required ulong WeightBytes { get; init; }
    public required ulong StateBytesPerToken { get; init; }
    public ulong ScratchBytes { get; init; }

    /// <summary>Steps take adjustments and tell scores.</summary>
    public bool CanAdjust { get; init; }

    /// <summary>Steps tell log-probabilities of what they sample.</summary>
    public bool CanLogprobs { get; init; }

    public required string Backend { get; init; }
    public required string ModelType { get; init; }
}

/// <summary>One slot's share of a step; the layout is <c>fm_row</c>'s (checked by a test).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct StepRow
{
    /// <summary>Stands in the token list for "what this slot sampled in the step before".</summary>
    public const int LastToken = -1;

    public int Slot;
    public int First;
    public int Count;

    /// <summary>0: nothing; 1: samples behind its last token; 3: and keeps the log-probabilities.</summary>
    public int Sample;
    public float Temperature;
    public float TopP;
    public float MinP;
    public int TopK;
    public ulong Seed;
}

/// <summary>A model call failed. <see cref="Kind"/> tells whose fault it was.</summary>
public sealed class ModelException(ModelFailure kind, string message) : Exception(message)
{
    public ModelFailure Kind { get; } = kind;
}

public enum ModelFailure
{
    Invalid = -1,
    Unsupported = -2,
    NoMemory = -3,
    Io = -4,
    Internal = -5,
}
