using System.Runtime.InteropServices;
using FastMlx.Engine;

namespace FastMlx.Native;

/// <summary>The imports of fastmlx.h, in its order and with its names (a test compares them).</summary>
internal static unsafe partial class NativeMethods
{
    public const uint AbiVersion = 1;

    private const string Library = "fastmlx";

    [LibraryImport(Library)]
    internal static partial uint fm_abi_version();

    [LibraryImport(Library)]
    internal static partial byte* fm_last_error();

    [LibraryImport(Library)]
    internal static partial void fm_set_log(delegate* unmanaged<void*, int, byte*, void> log, void* context);

    [LibraryImport(Library)]
    internal static partial int fm_backend_describe(out FmBackendInfo info);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int fm_use_metallib(string path);

    [LibraryImport(Library)]
    internal static partial int fm_group_join(out int rank, out int size);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int fm_model_open(string dir, in FmModelOptions options, out nint model);

    [LibraryImport(Library)]
    internal static partial void fm_model_close(nint model);

    [LibraryImport(Library)]
    internal static partial int fm_model_follow(ModelHandle model);

    [LibraryImport(Library)]
    internal static partial int fm_model_describe(ModelHandle model, out FmModelInfo info);

    [LibraryImport(Library)]
    internal static partial int fm_slot_open(ModelHandle model, out int slot);

    [LibraryImport(Library)]
    internal static partial int fm_slot_fork(ModelHandle model, int slot, int length, out int fork);

    [LibraryImport(Library)]
    internal static partial int fm_slot_trim(ModelHandle model, int slot, int length);

    [LibraryImport(Library)]
    internal static partial int fm_slot_length(ModelHandle model, int slot, out int length);

    [LibraryImport(Library)]
    internal static partial int fm_slot_bytes(ModelHandle model, int slot, out ulong bytes);

    [LibraryImport(Library)]
    internal static partial void fm_slot_close(ModelHandle model, int slot);

    [LibraryImport(Library)]
    internal static partial int fm_slot_save(
        ModelHandle model, int slot, Span<byte> buffer, ulong capacity, out ulong size);

    [LibraryImport(Library)]
    internal static partial int fm_slot_load(ModelHandle model, ReadOnlySpan<byte> buffer, ulong size, out int slot);

    [LibraryImport(Library)]
    internal static partial int fm_slot_save_rows(
        ModelHandle model, int slot, int first, int count, Span<byte> buffer, ulong capacity, out ulong size);

    [LibraryImport(Library)]
    internal static partial int fm_slot_load_rows(
        ModelHandle model, int slot, ReadOnlySpan<byte> buffer, ulong size);

    [LibraryImport(Library)]
    internal static partial int fm_step_begin(
        ModelHandle model, ReadOnlySpan<StepRow> rows, int rowCount, ReadOnlySpan<int> tokens, int count);

    [LibraryImport(Library)]
    internal static partial int fm_step_end(ModelHandle model, Span<int> next, int count);

    [LibraryImport(Library)]
    internal static partial int fm_debug_logits(
        ModelHandle model, in StepRow row, ReadOnlySpan<int> tokens, int all, Span<float> logits, ulong capacity);

    [LibraryImport(Library)]
    internal static partial int fm_step_logprobs(
        ModelHandle model, int row, int top, out float chosen, Span<int> ids, Span<float> logprobs);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int fm_folder_sync(string folder);

    [LibraryImport(Library)]
    internal static partial int fm_model_adjusts(ModelHandle model, out int adjusts);

    [LibraryImport(Library)]
    internal static partial int fm_step_begin_adjusted(
        ModelHandle model,
        ReadOnlySpan<StepRow> rows,
        int rowCount,
        ReadOnlySpan<int> tokens,
        int count,
        ReadOnlySpan<StepAdjust> adjusts,
        int adjustCount,
        ReadOnlySpan<int> ids,
        int idCount,
        ReadOnlySpan<float> values,
        int valueCount,
        ReadOnlySpan<uint> mask,
        int maskWords);

    [LibraryImport(Library)]
    internal static partial int fm_step_scores(
        ModelHandle model, int row, int count, int top, Span<float> scores, Span<int> ids, Span<float> logprobs);
}
