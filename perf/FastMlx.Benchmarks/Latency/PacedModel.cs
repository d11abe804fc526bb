using System.Diagnostics;
using FastMlx.EndToEnd.Allocation;
using FastMlx.Engine;

namespace FastMlx.Benchmarks.Latency;

/// <summary>Says a loop of tokens, one whenever it is let, and notes when each step ended.</summary>
internal sealed class PacedModel(LoopModel loop) : IModel
{
    private readonly SemaphoreSlim _allowed = new(0);

    public ModelInfo Info => loop.Info;

    /// <summary>Stopwatch time at which the last step's token was given to the engine.</summary>
    public long LastStepEnded { get; private set; }

    /// <summary>Lets so many steps end.</summary>
    public void Let(int steps) => _allowed.Release(steps);

    public int OpenSlot() => loop.OpenSlot();

    public int ForkSlot(int slot, int length) => loop.ForkSlot(slot, length);

    public bool TryTrimSlot(int slot, int length) => loop.TryTrimSlot(slot, length);

    public ulong SlotBytes(int slot) => loop.SlotBytes(slot);

    public void CloseSlot(int slot) => loop.CloseSlot(slot);

    public long SavedSize(int slot) => loop.SavedSize(slot);

    public void SaveSlot(int slot, Span<byte> destination) => loop.SaveSlot(slot, destination);

    public int LoadSlot(ReadOnlySpan<byte> saved) => loop.LoadSlot(saved);

    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens) => loop.BeginStep(rows, tokens);

    public void EndStep(Span<int> next)
    {
        _allowed.Wait();
        loop.EndStep(next);
        LastStepEnded = Stopwatch.GetTimestamp();
    }

    public void Dispose()
    {
        _allowed.Dispose();
        loop.Dispose();
    }
}
