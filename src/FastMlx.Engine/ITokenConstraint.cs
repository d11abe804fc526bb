namespace FastMlx.Engine;

/// <summary>
/// Decides which tokens may come next in one answer. The engine's thread asks before each sample and tells what was
/// sampled, in order; such a sequence never has two samples in flight. A preempted sequence goes on with the same one.
/// </summary>
public interface ITokenConstraint
{
    /// <summary>One bit for each token of the vocabulary; read before the next call.</summary>
    public ReadOnlySpan<uint> Mask { get; }

    public void Accept(int token);
}
