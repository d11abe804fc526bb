using FastMlx.Engine;

namespace FastMlx.Composition.Models;

/// <summary>
/// One of the server's models, whether or not it is in memory. Its text is read at the first need and stays. Any
/// thread.
/// </summary>
internal sealed class ServedModel(int index, string name, ModelPlan plan, Func<ModelText> read)
{
    private readonly Lock _lock = new();
    private Task<ModelText>? _text;
    private volatile EngineFacts? _facts;

    /// <summary>Its number among the models; 0 is the main one.</summary>
    public int Index { get; } = index;

    public string Name { get; } = name;

    public ModelPlan Plan { get; } = plan;

    /// <summary>What its engine said when it was last in memory; null before that.</summary>
    public EngineFacts? Facts => _facts;

    /// <summary>The engine's own limit once it was seen, else what was planned.</summary>
    public int ContextLength => _facts?.ContextLength ?? Plan.ContextLength;

    /// <summary>Reads it at the first call; after a failure, again at the next.</summary>
    public Task<ModelText> TextAsync()
    {
        lock (_lock)
        {
            if (_text is null || _text.IsFaulted)
                _text = Task.Run(read);
            return _text;
        }
    }

    public void Learn(EngineLoop engine) => _facts = new EngineFacts(engine.ContextLength, engine.Model);
}

/// <summary>Facts of an engine that outlive it.</summary>
internal sealed record EngineFacts(int ContextLength, ModelInfo Model);
