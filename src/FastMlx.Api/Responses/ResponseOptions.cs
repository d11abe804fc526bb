namespace FastMlx.Api;

/// <summary>What the writer of a response must know.</summary>
public sealed record ResponseOptions
{
    public required ResponsesRequest Request { get; init; }

    /// <summary>Unix seconds.</summary>
    public required long Created { get; init; }

    /// <summary>Unix seconds at the end.</summary>
    public required Func<long> Now { get; init; }

    /// <summary>
    /// Called once per reasoning item, when it ends: the handle of its tokens; see <see
    /// cref="ReplyOptions.Signature"/>.
    /// </summary>
    public Func<string>? Signature { get; init; }

    /// <summary>Called at each call: its call_id, its name, and the id that the model wrote, if any.</summary>
    public Action<string, string, string?>? ToolCallStarted { get; init; }
}
