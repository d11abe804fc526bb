namespace FastMlx.Engine;

/// <summary>
/// The limits that options, model and memory give together; pinned when the model opens. Sizes in bytes, lengths in
/// tokens.
/// </summary>
public sealed record EngineLimits
{
    /// <summary>What the process needs beside weights and state: the runtime, buffers, requests.</summary>
    private const ulong ReserveBytes = 512UL << 20;

    /// <summary>A budget below this leaves no room to serve; it is then taken in spite of the memory.</summary>
    private const ulong LeastStateBytes = 64UL << 20;

    public required int ContextLength { get; init; }

    public required ulong StateBytes { get; init; }

    public required ulong StateBytesPerToken { get; init; }

    /// <summary>Derives the limits of a model on a machine.</summary>
    public static EngineLimits Derive(EngineOptions options, ModelInfo model)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(model);
        var state = options.StateBytes > 0 ? options.StateBytes : StateBudget(options, model);
        var context = options.ContextLength > 0 ? Math.Min(options.ContextLength, model.ContextMax) : model.ContextMax;
        if (options.ContextLength == 0 && model.StateBytesPerToken > 0)
        {
            context = (int)Math.Min((ulong)context, state / model.StateBytesPerToken);
        }

        return new EngineLimits
        {
            ContextLength = Math.Max(1, context),
            StateBytes = state,
            StateBytesPerToken = model.StateBytesPerToken,
        };
    }

    /// <summary>State that a request may come to need: its prompt and the longest answer it asks for.</summary>
    public ulong Bill(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var longest = Math.Min((long)request.Prompt.Length + Math.Max(0, request.MaxTokens), ContextLength);
        return (ulong)longest * StateBytesPerToken;
    }

    /// <summary>Whether a request can be served at all, alone on this machine.</summary>
    public SubmitResult Check(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Prompt.Length == 0 || request.Prompt.Length >= ContextLength)
        {
            return SubmitResult.PromptTooLong;
        }

        return Bill(request) > StateBytes ? SubmitResult.NotEnoughMemory : SubmitResult.Accepted;
    }

    private static ulong StateBudget(EngineOptions options, ModelInfo model)
    {
        var memory = options.MemoryBytes > 0
            ? options.MemoryBytes
            : (ulong)Math.Max(0, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        var taken = model.WeightBytes + model.ScratchBytes + ReserveBytes;

        // A quarter of what is left stays free: for the page cache, forks in progress, other programs.
        var state = memory > taken ? (memory - taken) / 4 * 3 : 0;
        return Math.Max(state, LeastStateBytes);
    }
}
