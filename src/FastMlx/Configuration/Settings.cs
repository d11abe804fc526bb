using System.Globalization;

namespace FastMlx.Configuration;

/// <summary>
/// The configuration table. `.env.example`, the README's table and `serve --help` are tested against it, so a setting
/// is one row here and one line there.
/// </summary>
internal static class Settings
{
    public const string TrueOrFalse = "true or false";

    public static readonly IReadOnlyList<Setting> All =
    [
        new("HOST", "--host", "0.0.0.0", "an IP address or localhost",
            "Address to listen on. Loopback peers need no key; any other peer needs API_KEY.",
            static (o, v) => IsHost(v) ? o with { Host = v } : null),
        new("PORT", "--port", "8000", "a number from 0 to 65535 (0: any free port)",
            "Port to listen on.",
            static (o, v) => Int(v, 0, 65535) is { } n ? o with { Port = n } : null),
        new("MODEL_NAME", "--model", "", "a Hugging Face id such as mlx-community/GLM-4.5-Air-3bit, or a folder",
            "The model to serve; several, the main one first, separated by commas. Nothing: the embedded demo model.",
            static (o, v) => ModelList.Set(o, v), IsRepeatable: true),
        new("MODEL_ALIASES", "--alias", "", "pairs such as haiku=mlx-community/Qwen3-4B-4bit, separated by commas",
            "Further names of models. haiku, sonnet and opus also stand for Anthropic's names of their family.",
            static (o, v) => ModelList.Pairs(v) is { } pairs ? o with { ModelAliases = pairs } : null,
            IsRepeatable: true),
        new("MEMORY_BUDGET", "--memory-budget", "0", "a size such as 24GB (0: the machine's memory)",
            "Memory for all models together. Models over it leave when they are idle, the longest unused first.",
            static (o, v) => Size(v) is { } n ? o with { MemoryBytes = n } : null),
        new("MODEL_IDLE_TIMEOUT", "--model-idle-timeout", "0", "a number of seconds up to 1000000 (0: never)",
            "A model that was not used for so long leaves the memory; the next request loads it again.",
            static (o, v) => Int(v, 0, 1_000_000) is { } n ? o with { IdleSeconds = n } : null),
        new("API_MODEL_NAME", "--api-model-name", "claude-4-sonnet-20250514", "a name without blanks",
            "The name that model lists report. A response echoes the name that was requested.",
            static (o, v) => v.Length <= 256 && !v.Any(char.IsWhiteSpace) ? o with { ApiModelName = v } : null),
        new("TRUST_REMOTE_CODE", "--trust-remote-code", "false", TrueOrFalse,
            "Accepted for compatibility. FastMlx never runs a model's code.",
            static (o, v) => Bool(v) is { } b ? o with { TrustRemoteCode = b } : null),
        new("EOS_TOKEN", "--eos-token", "", "one token of the model's vocabulary, such as <|endoftext|>",
            "One more end-of-sequence token.",
            static (o, v) => o with { EosToken = v }),
        new("DEFAULT_MAX_TOKENS", "--default-max-tokens", "4096", "a number from 1 to 10000000",
            "Most tokens of an answer where the request has no limit.",
            static (o, v) => Int(v, 1, 10_000_000) is { } n ? o with { DefaultMaxTokens = n } : null),
        new("DEFAULT_TEMPERATURE", "--default-temperature", "1.0", "a number from 0 to 2",
            "Used when neither the request nor the model's generation_config.json has one.",
            static (o, v) => Float(v, 0, 2) is { } f ? o with { DefaultTemperature = f } : null),
        new("DEFAULT_TOP_P", "--default-top-p", "1.0", "a number above 0, up to 1",
            "Used when neither the request nor the model's generation_config.json has one.",
            static (o, v) => Float(v, 0, 1) is { } f && f > 0 ? o with { DefaultTopP = f } : null),
        new("VERBOSE", "--verbose", "false", TrueOrFalse,
            "Per request: timing, cache decision, tokens per second.",
            static (o, v) => Bool(v) is { } b ? o with { Verbose = b } : null),
        new("API_KEY", "", "", "any text without blanks; several are separated by commas",
            "Key that peers other than loopback must send (x-api-key or Authorization: Bearer). Several keys share no "
            + "cached conversations.",
            static (o, v) => v.Any(char.IsWhiteSpace) || List(v) is not [var first, .. var more]
                ? null
                : o with { ApiKey = first, MoreApiKeys = [.. more] }),
        new("ALLOWED_HOSTS", "--allowed-hosts", "", "names separated by commas",
            "Further values of the Host header to accept, such as this machine's name on your network.",
            static (o, v) => o with { AllowedHosts = List(v) }),
        new("ALLOWED_ORIGINS", "--allowed-origins", "", "origins separated by commas",
            "Web origins whose pages may call this server.",
            static (o, v) => o with { AllowedOrigins = List(v) }),
        new("BACKEND", "--backend", "auto", "auto, cpu, mlx or null",
            "Engine to run on: MLX on Apple silicon, else the CPU.",
            static (o, v) => v is "auto" or "cpu" or "mlx" or "null" ? o with { Backend = v } : null),
        new("THREADS", "--threads", "0", "a number from 0 to 1024 (0: all cores)",
            "Threads of the CPU engine.",
            static (o, v) => Int(v, 0, 1024) is { } n ? o with { Threads = n } : null),
        new("CONTEXT_LENGTH", "--context-length", "0", "a number from 0 to 10000000 (0: the model's own)",
            "Longest conversation in tokens, prompt and answer together.",
            static (o, v) => Int(v, 0, 10_000_000) is { } n ? o with { ContextLength = n } : null),
        new("CACHE_SIZE", "--cache-size", "0", "a size such as 4GB (0: from the machine's memory)",
            "Memory for conversations that may continue.",
            static (o, v) => Size(v) is { } n ? o with { CacheBytes = n } : null),
        new("DISK_CACHE", "--disk-cache", "auto", "auto, off or a folder",
            "Where conversations outlive a restart.",
            static (o, v) => v == "auto" ? o : o with { DiskCacheDirectory = v }),
        new("DISK_CACHE_SIZE", "--disk-cache-size", "8GB", "a size such as 20GB",
            "Budget of the disk cache.",
            static (o, v) => Size(v) is { } n ? o with { DiskCacheBytes = n } : null),
        new("TOOL_FORMAT", "--tool-format", "", "a tool-call format's name (fastmlx debug parse --help lists them)",
            "Overrides the tool-call syntax that was recognised from the model's template.",
            static (o, v) => o with { ToolFormat = v }),
        new("STRICT", "--strict", "false", TrueOrFalse,
            "Refuse what the hosted API would refuse.",
            static (o, v) => Bool(v) is { } b ? o with { Strict = b } : null),
        new("LOG_FORMAT", "--log-format", "text", "text or json",
            "Form of the log on standard error.",
            static (o, v) => v is "text" or "json" ? o with { LogFormat = v } : null),
        new("TRACE_DIR", "--trace", "", "a folder",
            "Write each request's prompt, cache decision, raw output and events there. Holds your prompts.",
            static (o, v) => o with { TraceDirectory = v }),
        new("FASTMLX_HOME", "", "", "a folder",
            "FastMlx's own files (default: fastmlx in the user's cache folder).",
            static (o, v) => o with { HomeDirectory = v }),
        new("HF_HOME", "", "", "a folder",
            "Hugging Face's home folder; its cache is shared with other tools.",
            static (o, v) => o with { Hub = o.Hub with { Home = v } }),
        new("HF_HUB_CACHE", "", "", "a folder",
            "The model cache itself (default: hub in HF_HOME).",
            static (o, v) => o with { Hub = o.Hub with { CacheDirectory = v } }),
        new("HF_ENDPOINT", "", "", "an https address",
            "Another hub to download from.",
            static (o, v) => IsAddress(v) ? o with { Hub = o.Hub with { Endpoint = v } } : null),
        new("HF_TOKEN", "", "", "a token",
            "For models that need one. Sent to the hub only.",
            static (o, v) => o with { Hub = o.Hub with { Token = v } }),
        new("HF_HUB_OFFLINE", "", "false", TrueOrFalse,
            "Never download.",
            static (o, v) => Bool(v) is { } b ? o with { Hub = o.Hub with { Offline = b } } : null),
    ];

    private static readonly (string Unit, int Bits)[] Units =
        [("GB", 30), ("MB", 20), ("KB", 10), ("G", 30), ("M", 20), ("K", 10)];

    private static bool IsAddress(string value) => Uri.TryCreate(value, UriKind.Absolute, out _);

    private static bool IsHost(string value) =>
        value == "localhost" || System.Net.IPAddress.TryParse(value, out _);

    private static bool? Bool(string value) => value.ToLowerInvariant() switch
    {
        "true" or "1" or "yes" or "on" => true,
        "false" or "0" or "no" or "off" => false,
        _ => null,
    };

    private static int? Int(string value, int least, int most) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n >= least && n <= most
            ? n
            : null;

    private static float? Float(string value, float least, float most) =>
        float.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out float f) && f >= least && f <= most
            ? f
            : null;

    private static string[] List(string value) =>
        value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static long? Size(string value)
    {
        ReadOnlySpan<char> text = value.AsSpan().Trim();
        int shift = 0;
        foreach ((string unit, int bits) in Units)
        {
            if (!text.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
                continue;
            text = text[..^unit.Length].TrimEnd();
            shift = bits;
            break;
        }

        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double n)
            && n * (1L << shift) < long.MaxValue / 2
                ? (long)(n * (1L << shift))
                : null;
    }
}
