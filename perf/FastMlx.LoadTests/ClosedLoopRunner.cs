using System.Diagnostics;

namespace FastMlx.LoadTests;

/// <summary>Keeps a number of requests in flight: each worker sends its next one when the last one has ended.</summary>
internal sealed class ClosedLoopRunner(LoadOptions options, HttpClient http)
{
    private readonly RequestBodies _bodies = new(options);
    private long _number;

    /// <summary>Runs the warm-up, then the measured time; what runs at its end is finished and counted.</summary>
    public async Task<(LoadResult Result, double Seconds)> RunAsync()
    {
        if (options.WarmUpSeconds > 0) await RunForAsync(options.WarmUpSeconds, new LoadResult());
        var result = new LoadResult();
        double seconds = await RunForAsync(options.DurationSeconds, result);
        return (result, seconds);
    }

    private async Task<double> RunForAsync(int seconds, LoadResult result)
    {
        long start = Stopwatch.GetTimestamp();
        var time = TimeSpan.FromSeconds(seconds);
        await Task.WhenAll(Enumerable.Range(0, options.Concurrency).Select(_ => WorkAsync(start, time, result)));
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private async Task WorkAsync(long start, TimeSpan time, LoadResult result)
    {
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            await using var call = new SseClient(http, options, _bodies, Interlocked.Increment(ref _number));
            bool succeeded = await call.StartAsync(CancellationToken.None)
                && await call.FinishAsync(CancellationToken.None);
            result.Add(call, succeeded);
            // A server that refuses at once must not turn the loop into a flood.
            if (!succeeded) await Task.Delay(100);
        }
    }
}
