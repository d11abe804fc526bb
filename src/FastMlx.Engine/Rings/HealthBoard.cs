namespace FastMlx.Engine.Rings;

/// <summary>Immutable facts that the engine thread publishes and anyone reads.</summary>
internal sealed class HealthBoard
{
    private EngineHealth _snapshot = EngineHealth.Opening;
    private ModelInfo? _model;
    private EngineLimits? _limits;

    // Acquire on all: the object's fields must not be read before the reference that publishes it.
    public EngineHealth Snapshot => Volatile.Read(ref _snapshot);

    public ModelInfo? Model => Volatile.Read(ref _model);

    public EngineLimits? Limits => Volatile.Read(ref _limits);

    // Release on all: the object must be complete before its reference is visible.
    public void Publish(EngineHealth snapshot) => Volatile.Write(ref _snapshot, snapshot);

    public void Publish(ModelInfo model, EngineLimits limits)
    {
        Volatile.Write(ref _model, model);
        Volatile.Write(ref _limits, limits); // Last: who sees limits sees the model.
    }

    public void Mark(EngineState state, string? reason) => Publish(Snapshot with { State = state, Reason = reason });
}
