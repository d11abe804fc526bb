using FastMlx.Engine;

namespace FastMlx.Tests.Engine;

/// <summary>
/// A model that samples the same token for ever and allocates nothing, to measure what the engine allocates.
/// </summary>
internal sealed class SilentModel : IModel
{
    private int _slots;
    private int _rows;

    public ModelInfo Info { get; } = new()
    {
        VocabSize = 100,
        ContextMax = 1_000_000,
        CanTrim = true,
        WeightBytes = 0,
        StateBytesPerToken = 1,
        Backend = "silent",
        ModelType = "silent",
    };

    public int OpenSlot() => _slots++;

    public int ForkSlot(int slot, int length) => _slots++;

    public bool TryTrimSlot(int slot, int length) => true;

    public ulong SlotBytes(int slot) => 1;

    public void CloseSlot(int slot)
    {
    }

    public long SavedSize(int slot) => 0;

    public void SaveSlot(int slot, Span<byte> destination)
    {
    }

    public int LoadSlot(ReadOnlySpan<byte> saved) => -1;

    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens) => _rows = rows.Length;

    public void EndStep(Span<int> next) => next.Fill(_rows);

    public void Dispose()
    {
    }
}
