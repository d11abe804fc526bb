namespace FastMlx.Configuration;

/// <summary>
/// Everything that can be configured, with its defaults. Sizes in bytes, times in seconds, lengths in tokens.
/// </summary>
internal sealed record ServerOptions
{
    public string Host { get; init; } = "0.0.0.0";
    public int Port { get; init; } = 8000;

    /// <summary>A Hugging Face id or a folder; null is the embedded demo model.</summary>
    public string? ModelName { get; init; }

    /// <summary>More models beside that one.</summary>
    public IReadOnlyList<string> FurtherModels { get; init; } = [];

    /// <summary>Further names; haiku, sonnet and opus also stand for Anthropic's names of their family.</summary>
    public IReadOnlyList<(string Name, string Model)> ModelAliases { get; init; } = [];

    /// <summary>For all models together, weights and conversations; 0 is the machine's.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>A model unused for so long leaves the memory; 0 is never.</summary>
    public int IdleSeconds { get; init; }

    public string ApiModelName { get; init; } = "claude-4-sonnet-20250514";
    public bool TrustRemoteCode { get; init; }
    public string? EosToken { get; init; }
    public int DefaultMaxTokens { get; init; } = 4096;

    /// <summary>Null where nothing was configured, so that the model's generation_config.json can decide.</summary>
    public float? DefaultTemperature { get; init; }

    public float? DefaultTopP { get; init; }
    public bool Verbose { get; init; }
    public string? ApiKey { get; init; }

    /// <summary>Keys beside the first one.</summary>
    public IReadOnlyList<string> MoreApiKeys { get; init; } = [];
    public IReadOnlyList<string> AllowedHosts { get; init; } = [];
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];
    public string Backend { get; init; } = "auto";
    public int Threads { get; init; }

    /// <summary>How many processes hold one part each of the model; set by `serve --distributed`.</summary>
    public int GroupSize { get; init; } = 1;

    public int ContextLength { get; init; }
    public long CacheBytes { get; init; }
    public string? DiskCacheDirectory { get; init; }
    public long DiskCacheBytes { get; init; } = 8L << 30;
    public string? ToolFormat { get; init; }
    public bool Strict { get; init; }
    public string LogFormat { get; init; } = "text";
    public string? TraceDirectory { get; init; }
    public HubSettings Hub { get; init; } = new();

    /// <summary>Our own files: the extracted demo model, the disk cache, batches.</summary>
    public string HomeDirectory { get; init; } = "";

    public Surroundings Surroundings { get; init; } = new();
}

/// <summary>The variables that Hugging Face's own tools use, so that the cache is shared with them.</summary>
internal sealed record HubSettings
{
    public string? Home { get; init; }
    public string? CacheDirectory { get; init; }
    public string? Endpoint { get; init; }
    public string? Token { get; init; }
    public bool Offline { get; init; }
}
