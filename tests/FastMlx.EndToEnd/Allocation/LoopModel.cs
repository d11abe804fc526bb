using FastMlx.Engine;

namespace FastMlx.EndToEnd.Allocation;

/// <summary>Says the same tokens again and again, and allocates nothing while it does.</summary>
internal sealed class LoopModel(int vocabulary, int[] loop) : IModel
{
    private readonly int[] _lengths = new int[64];
    private readonly bool[] _isOpen = new bool[64];
    private readonly int[][] _steps = [new int[64], new int[64]];
    private int _begun;
    private int _ended;

    public ModelInfo Info { get; } = new()
    {
        VocabSize = vocabulary,
        ContextMax = 65_536,
        CanTrim = true,
        WeightBytes = 0,
        StateBytesPerToken = 4,
        Backend = "loop",
        ModelType = "loop",
    };

    public int OpenSlot()
    {
        int slot = Array.IndexOf(_isOpen, false);
        _isOpen[slot] = true;
        _lengths[slot] = 0;
        return slot;
    }

    public int ForkSlot(int slot, int length)
    {
        int fork = OpenSlot();
        _lengths[fork] = length;
        return fork;
    }

    public bool TryTrimSlot(int slot, int length)
    {
        _lengths[slot] = length;
        return true;
    }

    public ulong SlotBytes(int slot) => (ulong)_lengths[slot] * 4;

    public void CloseSlot(int slot) => _isOpen[slot] = false;

    public long SavedSize(int slot) => 4;

    public void SaveSlot(int slot, Span<byte> destination) => destination.Clear();

    public int LoadSlot(ReadOnlySpan<byte> saved) => -1;

    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens)
    {
        int[] next = _steps[_begun++ % 2];
        for (int r = 0; r < rows.Length; r++)
        {
            _lengths[rows[r].Slot] += rows[r].Count;
            next[r] = rows[r].Sample == 0 ? -1 : loop[_lengths[rows[r].Slot] % loop.Length];
        }
    }

    public void EndStep(Span<int> next) => _steps[_ended++ % 2].AsSpan(0, next.Length).CopyTo(next);

    public void Dispose()
    {
    }
}
