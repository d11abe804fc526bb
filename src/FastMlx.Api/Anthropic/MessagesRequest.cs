using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>A Messages request in the domain's words, with the facts of the wire that its answer needs.</summary>
public sealed record MessagesRequest
{
    public required ChatRequest Chat { get; init; }

    /// <summary>The requested string, to be echoed.</summary>
    public string Model => Chat.Model;

    public bool Stream { get; init; }

    public ThinkingDisplay Display { get; init; }

    /// <summary>Some block, tool or the body itself holds cache_control.</summary>
    public bool MarksCache { get; init; }

    /// <summary>The longest retention that was asked for is an hour.</summary>
    public bool WantsLongCache { get; init; }

    /// <summary>metadata.user_id as sent.</summary>
    public string? UserId { get; init; }

    /// <summary>
    /// The session in metadata.user_id, where that is Claude Code's JSON; the header is the better source.
    /// </summary>
    public string? SessionId { get; init; }

    /// <summary>The request held context_management.</summary>
    public bool ReportsContextEdits { get; init; }

    /// <summary>What context_management made the reader take out of the conversation.</summary>
    public IReadOnlyList<AppliedEdit> AppliedEdits { get; init; } = [];

    /// <summary>
    /// A whole answer that needs no model: the request can only be answered by a server tool that we do not have. Null
    /// where the model is to answer.
    /// </summary>
    public string? DirectAnswer { get; init; }

    /// <summary>Server tools that were offered and are not here, by name.</summary>
    public IReadOnlyList<string> UnavailableTools { get; init; } = [];

    /// <summary>Tools that a tool_removal took away; a grammar must not allow them.</summary>
    public IReadOnlyList<string> RemovedTools { get; init; } = [];

    /// <summary>What the answer's writer needs of this request; the delegates are the caller's to add.</summary>
    public ReplyOptions ReplyOptions => new()
    {
        Model = Model,
        Display = Display,
        ReportsContextEdits = ReportsContextEdits,
        AppliedEdits = AppliedEdits,
        ExpectsThinking = Chat.Thinking.Enabled,
    };
}
