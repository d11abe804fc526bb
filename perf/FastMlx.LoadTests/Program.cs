namespace FastMlx.LoadTests;

internal static class Program
{
    /// <summary>0 when every request succeeded, 1 when one failed, 2 for a wrong command line.</summary>
    public static async Task<int> Main(string[] args)
    {
        if (args is [] or ["--help"] or ["-h"])
        {
            Console.WriteLine(LoadOptions.Usage);
            return args.Length == 0 ? 2 : 0;
        }
        LoadOptions options;
        try
        {
            options = LoadOptions.Parse(args);
        }
        catch (FormatException error)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 2;
        }
        using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
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
