using System.Globalization;
using FastMlx.LoadTests.Replay;

namespace FastMlx.LoadTests;

internal static class Program
{
    /// <summary>0 when every request succeeded, 1 when one failed, 2 for a wrong command line.</summary>
    public static async Task<int> Main(string[] args)
    {
        if (args is [] or ["--help"] or ["-h"])
        {
            Console.WriteLine(LoadOptions.Usage);
            Console.WriteLine();
            Console.WriteLine(ReplayOptions.Usage);
            return args.Length == 0 ? 2 : 0;
        }
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        LoadOptions options;
        try
        {
            if (args[0] is "replay" or "stall" or "streams")
                return await RunScenarioAsync(args[0], ReplayOptions.Parse(args.AsSpan(1)), http);
            options = LoadOptions.Parse(args);
        }
        catch (FormatException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 2;
        }
        if (options.NBomber) return RunNBomber(options, http);
        (LoadResult result, double seconds) = await new ClosedLoopRunner(options, http).RunAsync();
        if (options.Json)
        {
            using Stream output = Console.OpenStandardOutput();
            result.WriteJson(output, options, seconds);
        }
        else
        {
            result.WriteTable(Console.Out, options, seconds);
        }
        return result.Failed == 0 && result.Succeeded > 0 ? 0 : 1;
    }

    private static async Task<int> RunScenarioAsync(string name, ReplayOptions options, HttpClient http)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        var streams = new StreamScenarios(options, http, Console.Out);
        await (name switch
        {
            "stall" => streams.RunStallAsync(),
            "streams" => streams.RunStreamsAsync(),
            _ => new ReplayScenario(options, http, Console.Out).RunAsync(),
        });
        return 0;
    }

    private static int RunNBomber(LoadOptions options, HttpClient http)
    {
#if NBOMBER
        return NBomber.MessagesScenario.Run(options, http);
#else
        _ = (options, http);
        Console.Error.WriteLine("Built without NBomber: build with -p:UseNBomber=true.");
        return 2;
#endif
    }
}
