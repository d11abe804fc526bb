using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace FastMlx.LoadTests.Replay;

/// <summary>
/// Streams beside each other, through the chat completions route, where a stream may be told not to end.
/// </summary>
internal sealed class StreamScenarios(ReplayOptions options, HttpClient http, TextWriter output)
{
    private const int Many = 8;
    private const int Rounds = 3;
    private const int PromptCharacters = 20_000;

    /// <summary>Tokens a second of 1 and of 8 streams, by turns in one server.</summary>
    public async Task RunStreamsAsync()
    {
        await using ServerProcess server = await StartAsync();
        await MeasureAsync(server, 1, 20);
        var one = new (double PerSecond, double PerProcessorSecond)[Rounds];
        var many = new (double PerSecond, double PerProcessorSecond)[Rounds];
        for (int round = 0; round < Rounds; round++)
        {
            (double perSecond, double perProcessor) = one[round] = await MeasureAsync(server, 1, options.Tokens);
            Write($"1 stream: {perSecond:f1} tokens/s ({perProcessor:f1} a processor second)");
            (double all, double allPerProcessor) = many[round] = await MeasureAsync(server, Many, options.Tokens);
            Write($"{Many} streams: {all:f1} ({allPerProcessor:f1}), "
                + $"{all / perSecond:f2} times one ({allPerProcessor / perProcessor:f2})");
        }
        double ratio = many.Max(run => run.PerSecond) / one.Max(run => run.PerSecond);
        Write($"best of {Rounds}: {ratio:f2} times one stream");
    }

    /// <summary>The gaps of a stream before, beside and after the reading of a long prompt.</summary>
    public async Task RunStallAsync()
    {
        await using ServerProcess server = await StartAsync();
        using var stop = new CancellationTokenSource();
        var gaps = new List<(double AtMs, double GapMs)>();
        long start = Stopwatch.GetTimestamp();
        Task stream = StreamAsync(server, "Tell a long story.", 1_000_000, Note, stop.Token);
        void Note(double gapMs) => gaps.Add((Stopwatch.GetElapsedTime(start).TotalMilliseconds, gapMs));
        await Task.Delay(3000);
        double fromMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        int tokens = await PromptAsync(server);
        double toMs = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await stop.CancelAsync();
        await stream;
        double[] before = [.. gaps.Where(gap => gap.AtMs < fromMs).Select(gap => gap.GapMs).Order()];
        double[] beside =
            [.. gaps.Where(gap => gap.AtMs >= fromMs && gap.AtMs <= toMs).Select(gap => gap.GapMs).Order()];
        Write($"a prompt of {tokens} tokens read in {(toMs - fromMs) / 1000:f1} s beside a stream");
        WriteGaps("before", before);
        WriteGaps("beside", beside);
    }

    private Task<ServerProcess> StartAsync() => ServerProcess.StartAsync(options.Binary, options.Model, "off", http);

    private void WriteGaps(string what, double[] sorted)
    {
        if (sorted.Length == 0) throw new InvalidOperationException("The stream did not run.");
        Write($"gaps {what}: n {sorted.Length}, median {sorted[sorted.Length / 2]:f1} ms, "
            + $"p99 {sorted[sorted.Length * 99 / 100]:f1} ms, largest {sorted[^1]:f1} ms");
    }

    // Tokens a second, and tokens a second of the server's processor time.
    private async Task<(double PerSecond, double PerProcessorSecond)> MeasureAsync(
        ServerProcess server, int streams, int tokens)
    {
        double before = server.ProcessorSeconds();
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, streams).Select(i =>
            StreamAsync(server, $"Story number {i}.", tokens, static _ => { }, CancellationToken.None)));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (streams * tokens / seconds, streams * tokens / (server.ProcessorSeconds() - before));
    }

    // A long prompt, and how many tokens it had.
    private async Task<int> PromptAsync(ServerProcess server)
    {
        var words = new StringBuilder();
        var random = new Random(1);
        while (words.Length < PromptCharacters) words.Append(CultureInfo.InvariantCulture, $"{random.Next(1000)} ");
        using HttpResponseMessage response = await PostAsync(server, words.ToString(), 1, stream: false, default);
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        return (int)body["usage"]!["prompt_tokens"]!;
    }

    private async Task StreamAsync(
        ServerProcess server, string prompt, int tokens, Action<double> onGap, CancellationToken cancel)
    {
        try
        {
            using HttpResponseMessage response = await PostAsync(server, prompt, tokens, stream: true, cancel);
            var events = new SseReader(await response.Content.ReadAsStreamAsync(cancel));
            long last = 0;
            while (await events.ReadAsync(cancel))
            {
                long now = Stopwatch.GetTimestamp();
                if (last != 0) onGap(Stopwatch.GetElapsedTime(last, now).TotalMilliseconds);
                last = now;
            }
        }
        catch (OperationCanceledException)
        {
            // The end of a measured stream.
        }
    }

    private async Task<HttpResponseMessage> PostAsync(
        ServerProcess server, string prompt, int tokens, bool stream, CancellationToken cancel)
    {
        var body = new JsonObject
        {
            ["model"] = "fastmlx",
            ["max_tokens"] = tokens,
            ["stream"] = stream,
            ["ignore_eos"] = true,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = prompt }),
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(server.Address, "/v1/chat/completions"))
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        HttpResponseMessage response =
            await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (response.IsSuccessStatusCode) return response;
        string error = await response.Content.ReadAsStringAsync(cancel);
        response.Dispose();
        throw new InvalidOperationException(error);
    }

    private void Write(string line) => output.WriteLine(line);
}
