using System.Globalization;

namespace FastMlx.LoadTests.Replay;

/// <summary>What to replay; from the command line.</summary>
internal sealed record ReplayOptions
{
    public const string Usage = """
        replay: a Claude Code session of many turns on servers that it starts itself: per turn what is reused and how
        long the first token takes; eight subagents at once; a restart; the same turns on a server without a cache.
        stall: the largest gap between two tokens of a running stream while a long prompt is read.
        streams: tokens a second of 8 streams at once beside 1.

          --binary FILE       the fastmlx binary (artifacts/publish/FastMlx/release_linux-x64/fastmlx)
          --model MODEL       a folder or a name; without it the demo model
          --fixtures DIR      recorded requests (../shared/claude-code/fixtures)
          --turns N           (30)
          --max-tokens N      of each answer (48)
          --turn-size N       characters that each turn adds (1200)
          --tokens N          of each stream, for streams (200)
          --phases LIST       session,subagents,restart,cold (all)
        """;

    public string Binary { get; init; } = "artifacts/publish/FastMlx/release_linux-x64/fastmlx";

    public string? Model { get; init; }

    public string Fixtures { get; init; } = "../shared/claude-code/fixtures";

    public int Turns { get; init; } = 30;

    public int MaxTokens { get; init; } = 48;

    public int TurnSize { get; init; } = 1200;

    public int Tokens { get; init; } = 200;

    public string Phases { get; init; } = "session,subagents,restart,cold";

    /// <summary>Throws <see cref="FormatException"/> with a sentence for the user.</summary>
    public static ReplayOptions Parse(ReadOnlySpan<string> args)
    {
        var options = new ReplayOptions();
        for (int i = 0; i < args.Length; i += 2)
        {
            if (i + 1 == args.Length) throw new FormatException($"{args[i]} has no value.");
            string value = args[i + 1];
            options = args[i] switch
            {
                "--binary" => options with { Binary = value },
                "--model" => options with { Model = value },
                "--fixtures" => options with { Fixtures = value },
                "--phases" => options with { Phases = value },
                "--turns" => options with { Turns = Number(value) },
                "--max-tokens" => options with { MaxTokens = Number(value) },
                "--turn-size" => options with { TurnSize = Number(value) },
                "--tokens" => options with { Tokens = Number(value) },
                _ => throw new FormatException($"{args[i]} is unknown."),
            };
        }
        return options;
    }

    private static int Number(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
            ? number : throw new FormatException($"{value} is not a number of at least 1.");
}
