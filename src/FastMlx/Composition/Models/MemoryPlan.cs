using FastMlx.Configuration;
using FastMlx.Hub;

namespace FastMlx.Composition.Models;

/// <summary>
/// Divides the memory among the models before the first is loaded, so that a context that was told to clients stays
/// true. Where all fit at once, they share what the weights leave; else each is planned as if it were alone, and they
/// take turns. A CACHE_SIZE is what each one gets beside its weights.
/// </summary>
internal static class MemoryPlan
{
    /// <summary>What an engine needs beside weights and conversations: see the engine's limits.</summary>
    private const long Reserve = 512L << 20;

    /// <summary>Less than this for conversations is no way to share.</summary>
    private const long LeastState = 1L << 30;

    private const long LeastStateAlone = 64L << 20;

    /// <summary>Where config.json names no context.</summary>
    private const int UnknownContext = 8192;

    /// <summary>The budget of all models together: what is configured, else what the machine has.</summary>
    public static long Budget(ServerOptions options) => options.MemoryBytes > 0
        ? options.MemoryBytes
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    public static IReadOnlyList<ModelPlan> Of(ServerOptions options, IReadOnlyList<MemoryBill> models)
    {
        long budget = Budget(options);
        long left = budget - models.Sum(m => m.WeightBytes + Reserve);
        bool isShared = models.Count > 1 && left >= LeastState * models.Count;
        return [.. models.Select(model => Plan(options, model, Memory(model)))];

        long Memory(MemoryBill model) =>
            options.CacheBytes > 0 ? model.WeightBytes + Reserve + options.CacheBytes
            : isShared ? model.WeightBytes + Reserve + (left / models.Count)
            : budget;
    }

    private static ModelPlan Plan(ServerOptions options, MemoryBill model, long memory)
    {
        // The engine leaves a quarter free: see its limits.
        long state = options.CacheBytes > 0
            ? options.CacheBytes
            : Math.Max((memory - model.WeightBytes - Reserve) / 4 * 3, LeastStateAlone);
        long context = model.ContextLength ?? UnknownContext;
        if (options.ContextLength > 0)
            context = Math.Min(context, options.ContextLength);
        else if (model.StateBytesPerToken is > 0 and { } perToken)
            context = Math.Min(context, state / perToken);
        return new ModelPlan(model.WeightBytes, memory, (int)Math.Max(1, context));
    }
}
