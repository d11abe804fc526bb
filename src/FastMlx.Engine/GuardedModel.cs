using FastMlx.Engine.Rings;

namespace FastMlx.Engine;

/// <summary>The model behind a gate: the watchdog sees every call in progress and may abandon it.</summary>
internal sealed class GuardedModel(IModel model, StepGate gate, TimeProvider time) : IModel
{
    public ModelInfo Info => model.Info;

    public int OpenSlot()
    {
        Enter();
        try
        {
            return model.OpenSlot();
        }
        finally
        {
            Leave();
        }
    }

    public int ForkSlot(int slot, int length)
    {
        Enter();
        try
        {
            return model.ForkSlot(slot, length);
        }
        finally
        {
            Leave();
        }
    }

    public bool TryTrimSlot(int slot, int length)
    {
        Enter();
        try
        {
            return model.TryTrimSlot(slot, length);
        }
        finally
        {
            Leave();
        }
    }

    public ulong SlotBytes(int slot)
    {
        Enter();
        try
        {
            return model.SlotBytes(slot);
        }
        finally
        {
            Leave();
        }
    }

    public void CloseSlot(int slot)
    {
        Enter();
        try
        {
            model.CloseSlot(slot);
        }
        finally
        {
            Leave();
        }
    }

    public long SavedSize(int slot) => model.SavedSize(slot);

    public void SaveSlot(int slot, Span<byte> destination)
    {
        Enter();
        try
        {
            model.SaveSlot(slot, destination);
        }
        finally
        {
            Leave();
        }
    }

    public int LoadSlot(ReadOnlySpan<byte> saved)
    {
        Enter();
        try
        {
            return model.LoadSlot(saved);
        }
        finally
        {
            Leave();
        }
    }

    public bool CanSaveRows => model.CanSaveRows;

    public long SavedRowsSize(int slot, int first, int count) => model.SavedRowsSize(slot, first, count);

    public void SaveRows(int slot, int first, int count, Span<byte> destination)
    {
        Enter();
        try
        {
            model.SaveRows(slot, first, count, destination);
        }
        finally
        {
            Leave();
        }
    }

    public bool LoadRows(int slot, ReadOnlySpan<byte> saved)
    {
        Enter();
        try
        {
            return model.LoadRows(slot, saved);
        }
        finally
        {
            Leave();
        }
    }

    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens)
    {
        Enter();
        try
        {
            model.BeginStep(rows, tokens);
        }
        finally
        {
            Leave();
        }
    }

    public void BeginStep(ReadOnlySpan<StepRow> rows, ReadOnlySpan<int> tokens, in StepAdjusts adjusts)
    {
        Enter();
        try
        {
            model.BeginStep(rows, tokens, adjusts);
        }
        finally
        {
            Leave();
        }
    }

    public float Logprobs(int row, Span<TokenLogprob> top) => model.Logprobs(row, top);

    public void Scores(int row, Span<float> scores, Span<TokenLogprob> top) => model.Scores(row, scores, top);

    public void EndStep(Span<int> next)
    {
        Enter();
        try
        {
            model.EndStep(next);
        }
        finally
        {
            Leave();
        }
    }

    public void Dispose() => model.Dispose();

    private void Enter()
    {
        if (!gate.TryEnter(time.GetTimestamp()))
        {
            throw new AbandonedException();
        }
    }

    private void Leave()
    {
        if (!gate.TryLeave())
        {
            throw new AbandonedException();
        }
    }
}
