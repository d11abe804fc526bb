namespace FastMlx.Http;

/// <summary>Who may talk to this server.</summary>
public sealed record AccessOptions
{
    /// <summary>Further names that a Host may be: "name" with our port, or "name:port" as it stands.</summary>
    public IReadOnlyList<string> HostNames { get; init; } = [];

    /// <summary>Origins of web pages that may call us, such as "https://chat.example"; ours needs no entry.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>The key that peers beyond loopback must send; without one they are all refused.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Further keys. With more than one, each has a partition of its own.</summary>
    public IReadOnlyList<string> MoreApiKeys { get; init; } = [];

    /// <summary>Whether peers on this machine need the key too, where one is set.</summary>
    public bool LoopbackNeedsKey { get; init; }
}
