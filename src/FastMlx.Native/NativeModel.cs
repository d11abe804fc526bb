using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using FastMlx.Engine;

namespace FastMlx.Native;

/// <summary>
/// A model of the native engine. Threads: every member is called by the thread that opened it; <c>BeginStep</c>
/// returns at once and the step runs on a thread of the engine. Failures are <see cref="ModelException"/>.
/// </summary>
public sealed class NativeModel : IModel
{
    private const int InGroup = 0x1000;

    private readonly ModelHandle _handle;

    private NativeModel(ModelHandle handle, in FmModelInfo info, int adjusts)
    {
        _handle = handle;
        Info = ToInfo(in info, adjusts);
        CanSaveRows = info.CanSaveRows != 0;
    }

    public ModelInfo Info { get; }

    public bool CanSaveRows { get; }

    /// <summary>
    /// Opens the checkpoint folder <paramref name="directory"/>. Weights are mapped, not read, so this is quick at any
    /// size. The folder may be empty text for <see cref="NativeBackend.Null"/>.
    /// </summary>
    public static NativeModel Open(string directory, NativeModelOptions options)
    {
        uint version = NativeMethods.fm_abi_version();
        if (version != NativeMethods.AbiVersion)
        {
            throw new ModelException(
                ModelFailure.Internal,
                $"the native library speaks ABI {version}, this program {NativeMethods.AbiVersion}");
        }

        var native = new FmModelOptions
        {
            Backend = (int)options.Backend | (options.IsInGroup ? InGroup : 0),
            Threads = options.Threads,
            MaxSlots = options.MaxSlots,
            MaxStepTokens = options.MaxStepTokens,
            StateBytesMax = options.StateBytesMax,
        };
        MlxBackend.UseMetallibBeside(AppContext.BaseDirectory);
        Check(NativeMethods.fm_model_open(directory, in native, out nint model));
        var handle = new ModelHandle(model);
        try
        {
            Check(NativeMethods.fm_model_describe(handle, out FmModelInfo info));
            Check(NativeMethods.fm_model_adjusts(handle, out int adjusts));
            return new NativeModel(handle, in info, adjusts);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>
    /// For members of a group after its first, and all that they do: what the first member's model does, until that is
    /// closed. Fails where a member has failed or ended.
    /// </summary>
    public void Follow() => Check(NativeMethods.fm_model_follow(_handle));

    public int OpenSlot()
    {
        Check(NativeMethods.fm_slot_open(_handle, out int slot));
        return slot;
    }

    public int ForkSlot(int slot, int length)
    {
        Check(NativeMethods.fm_slot_fork(_handle, slot, length, out int fork));
        return fork;
    }

    public bool TryTrimSlot(int slot, int length)
    {
        int status = NativeMethods.fm_slot_trim(_handle, slot, length);
        if (status == (int)ModelFailure.Unsupported)
            return false;
        Check(status);
        return true;
    }

    public int SlotLength(int slot)
    {
        Check(NativeMethods.fm_slot_length(_handle, slot, out int length));
        return length;
    }

    public ulong SlotBytes(int slot)
    {
        Check(NativeMethods.fm_slot_bytes(_handle, slot, out ulong bytes));
        return bytes;
    }

    public void CloseSlot(int slot) => NativeMethods.fm_slot_close(_handle, slot);

    public long SavedSize(int slot)
    {
        Check(NativeMethods.fm_slot_save(_handle, slot, default, 0, out ulong size));
        return checked((long)size);
    }

    public void SaveSlot(int slot, Span<byte> destination) =>
        Check(NativeMethods.fm_slot_save(_handle, slot, destination, (ulong)destination.Length, out _));

    public int LoadSlot(ReadOnlySpan<byte> saved)
    {
        if (saved.IsEmpty)
            return -1;
        int status = NativeMethods.fm_slot_load(_handle, saved, (ulong)saved.Length, out int slot);
        if (status == (int)ModelFailure.Invalid)
            return -1;
        Check(status);
        return slot;
    }

    public long SavedRowsSize(int slot, int first, int count)
    {
        Check(NativeMethods.fm_slot_save_rows(_handle, slot, first, count, default, 0, out ulong size));
        return checked((long)size);
    }

    public void SaveRows(int slot, int first, int count, Span<byte> destination) => Check(
        NativeMethods.fm_slot_save_rows(_handle, slot, first, count, destination, (ulong)destination.Length, out _));

    public bool LoadRows(int slot, ReadOnlySpan<byte> saved)
    {
        if (saved.IsEmpty)
            return false;
        int status = NativeMethods.fm_slot_load_rows(_handle, slot, saved, (ulong)saved.Length);
        if (status == (int)ModelFailure.Invalid)
            return false;
        Check(status);
        return true;
    }

    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens) =>
        Check(NativeMethods.fm_step_begin(_handle, rows, rows.Length, tokens, tokens.Length));

    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens, in StepAdjusts adjusts) =>
        Check(NativeMethods.fm_step_begin_adjusted(
            _handle, rows, rows.Length, tokens, tokens.Length, adjusts.Rows, adjusts.Rows.Length, adjusts.Ids,
            adjusts.Ids.Length, adjusts.Values, adjusts.Values.Length, adjusts.Mask, adjusts.Mask.Length));

    public void EndStep(Span<int> next) => Check(NativeMethods.fm_step_end(_handle, next, next.Length));

    /// <summary>
    /// Feeds <paramref name="tokens"/> at <paramref name="first"/>, the slot's length, and writes float32 logits:
    /// (tokens, vocabulary) when <paramref name="all"/>, else those of the last token. No step may be in flight.
    /// </summary>
    public void Logits(int slot, int first, ReadOnlySpan<int> tokens, bool all, Span<float> logits)
    {
        var row = new StepRow { Slot = slot, First = first, Count = tokens.Length, TopP = 1 };
        Check(NativeMethods.fm_debug_logits(_handle, in row, tokens, all ? 1 : 0, logits, (ulong)logits.Length));
    }

    public float Logprobs(int row, Span<TokenLogprob> top)
    {
        Span<int> ids = stackalloc int[Math.Min(top.Length, 32)];
        Span<float> values = stackalloc float[ids.Length];
        ArgumentOutOfRangeException.ThrowIfGreaterThan(top.Length, ids.Length);
        Check(NativeMethods.fm_step_logprobs(_handle, row, top.Length, out float chosen, ids, values));
        for (int i = 0; i < top.Length; i++)
            top[i] = new TokenLogprob(ids[i], values[i]);
        return chosen;
    }

    public void Scores(int row, Span<float> scores, Span<TokenLogprob> top)
    {
        int each = scores.IsEmpty ? 0 : top.Length / scores.Length;
        int[] ids = ArrayPool<int>.Shared.Rent(top.Length);
        float[] values = ArrayPool<float>.Shared.Rent(top.Length);
        try
        {
            Check(NativeMethods.fm_step_scores(_handle, row, scores.Length, each, scores, ids, values));
            for (int i = 0; i < top.Length; i++)
                top[i] = new TokenLogprob(ids[i], values[i]);
        }
        finally
        {
            ArrayPool<int>.Shared.Return(ids);
            ArrayPool<float>.Shared.Return(values);
        }
    }

    public void Dispose() => _handle.Dispose();

    private static ModelInfo ToInfo(in FmModelInfo info, int adjusts) => new()
    {
        VocabSize = info.VocabSize,
        ContextMax = info.ContextMax,
        CanTrim = info.CanTrim != 0,
        WeightBytes = info.WeightBytes,
        StateBytesPerToken = info.StateBytesPerToken,
        ScratchBytes = info.ScratchBytes,
        CanAdjust = adjusts != 0,
        CanLogprobs = true,
        Backend = Text(info.Backend),
        ModelType = Text(info.ModelType),
    };

    internal static string Text(ReadOnlySpan<byte> name)
    {
        int end = name.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? name : name[..end]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Check(int status)
    {
        if (status != 0)
            Throw(status);
    }

    // The message is this thread's, and only until its next failing call.
    private static unsafe void Throw(int status)
    {
        string message = Marshal.PtrToStringUTF8((nint)NativeMethods.fm_last_error()) ?? "";
        throw new ModelException((ModelFailure)status, message);
    }
}
