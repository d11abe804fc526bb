using System.Globalization;

namespace FastMlx.LoadTests;

/// <summary>What to load and how hard; from the command line.</summary>
internal sealed record LoadOptions
{
    public const string Usage = """
        Loads a server with streaming requests to POST /v1/messages.

          --url URL           the server (http://127.0.0.1:8000)
          --concurrency N     requests in flight (1)
          --duration S        seconds to measure (30)
          --warm-up S         seconds before that, not measured (2)
          --prompt-file FILE  the user's message, or with .json the whole request body
          --unique            make each prompt differ from its first character on: no prefix can be reused
          --model NAME        (fastmlx)
          --max-tokens N      (128)
          --api-key KEY       sent as x-api-key
          --json              print the result as JSON
          --nbomber           run the NBomber scenario (built with -p:UseNBomber=true)
          --max-ttft-p95 MS   NBomber's threshold (1000)
          --report-folder DIR NBomber's reports (nbomber-reports)
        """;

    public Uri Url { get; init; } = new("http://127.0.0.1:8000");

    public int Concurrency { get; init; } = 1;

    public int DurationSeconds { get; init; } = 30;

    public int WarmUpSeconds { get; init; } = 2;

    public string? PromptFile { get; init; }

    public bool Unique { get; init; }

    public string Model { get; init; } = "fastmlx";

    public int MaxTokens { get; init; } = 128;

    public string? ApiKey { get; init; }

    public bool Json { get; init; }

    public bool NBomber { get; init; }

    public double MaxTtftP95Ms { get; init; } = 1000;

    public string ReportFolder { get; init; } = "nbomber-reports";

    /// <summary>Throws <see cref="FormatException"/> with a sentence for the user.</summary>
    public static LoadOptions Parse(string[] args)
    {
        var options = new LoadOptions();
        for (int i = 0; i < args.Length; i++)
        {
            string name = args[i];
            options = name switch
            {
                "--unique" => options with { Unique = true },
                "--json" => options with { Json = true },
                "--nbomber" => options with { NBomber = true },
                _ when i + 1 < args.Length => options.With(name, args[++i]),
                _ => throw new FormatException($"{name} is unknown or has no value."),
            };
        }
        return options;
    }

    private LoadOptions With(string name, string value) => name switch
    {
        "--url" => this with { Url = Address(value) },
        "--concurrency" => this with { Concurrency = Number(name, value) },
        "--duration" => this with { DurationSeconds = Number(name, value) },
        "--warm-up" => this with { WarmUpSeconds = Number(name, value, least: 0) },
        "--prompt-file" => this with { PromptFile = value },
        "--model" => this with { Model = value },
        "--max-tokens" => this with { MaxTokens = Number(name, value) },
        "--api-key" => this with { ApiKey = value },
        "--max-ttft-p95" => this with { MaxTtftP95Ms = Number(name, value) },
        "--report-folder" => this with { ReportFolder = value },
        _ => throw new FormatException($"{name} is unknown."),
    };

    private static Uri Address(string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"
            ? url : throw new FormatException($"--url {value} is not an http address.");

    private static int Number(string name, string value, int least = 1) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least
            ? number : throw new FormatException($"{name} {value} is not a number of at least {least}.");
}
