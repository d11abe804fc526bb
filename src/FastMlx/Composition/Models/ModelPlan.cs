namespace FastMlx.Composition.Models;

/// <summary>What is known of a model before it is in memory, from its files. Bytes and tokens.</summary>
/// <param name="WeightBytes">Its weights as stored.</param>
/// <param name="MemoryBytes">What its engine may use, weights included.</param>
/// <param name="ContextLength">The longest conversation that fits.</param>
internal sealed record ModelPlan(long WeightBytes, long MemoryBytes, int ContextLength);
