namespace FastMlx.Api;

/// <summary>How request bodies are read. Shared by all requests.</summary>
public sealed record ReaderOptions
{
    public static readonly ReaderOptions Default = new();

    /// <summary>
    /// The API's own validation rules with its own messages; else only the rules that must always hold.
    /// </summary>
    public bool Strict { get; init; }

    public ReaderLimits Limits { get; init; } = ReaderLimits.Default;

    /// <summary>Told of every field that we do not know; null: nobody cares.</summary>
    public UnknownFields? Unknown { get; init; }
}
