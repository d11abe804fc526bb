using System.Globalization;
using System.Text.Json;

namespace FastMlx.LoadTests;

/// <summary>The samples of a run, and their percentiles as a table or JSON.</summary>
internal sealed class LoadResult
{
    private static readonly double[] Percentiles = [50, 95, 99];

    private readonly Lock _gate = new();
    private readonly List<double> _firstTokenMs = [];
    private readonly List<double> _gapMs = [];
    private readonly List<double> _streamTokensPerSecond = [];
    private readonly SortedDictionary<string, int> _errors = [];
    private long _tokens;
    private int _succeeded;
    private int _failed;

    public int Failed => _failed;

    public int Succeeded => _succeeded;

    public void Add(SseClient call, bool succeeded)
    {
        lock (_gate)
        {
            if (!succeeded)
            {
                _failed++;
                string key = call.StatusCode + " " + call.Error;
                _errors[key] = _errors.GetValueOrDefault(key) + 1;
                return;
            }
            _succeeded++;
            _tokens += call.OutputTokens;
            _firstTokenMs.Add(call.FirstTokenMs);
            _gapMs.AddRange(call.GapsMs);
            // The first token is the wait before it, so n tokens are n - 1 steps.
            if (call is { OutputTokens: > 1, StreamMs: > 0 })
                _streamTokensPerSecond.Add((call.OutputTokens - 1) * 1000 / call.StreamMs);
        }
    }

    public void WriteTable(TextWriter output, LoadOptions options, double seconds)
    {
        string what = Text($"{options.Url} x {options.Concurrency}, {seconds:f1} s");
        output.WriteLine(Text($"{what}: {_succeeded} requests, {_failed} failed"));
        output.WriteLine(Text($"requests/s {_succeeded / seconds:f2}   output tokens/s {_tokens / seconds:f1}"));
        output.WriteLine();
        output.WriteLine(Text($"{"",-28}{"n",10}{"p50",12}{"p95",12}{"p99",12}{"max",12}"));
        foreach ((string name, List<double> samples) in Series())
        {
            samples.Sort();
            string values = string.Concat(Percentiles.Select(p => Text($"{At(samples, p),12:f2}")));
            output.WriteLine(Text($"{name,-28}{samples.Count,10}{values}{At(samples, 100),12:f2}"));
        }
        foreach ((string error, int count) in _errors) output.WriteLine(Text($"{count} x {error}"));
    }

    public void WriteJson(Stream output, LoadOptions options, double seconds)
    {
        using var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("url", options.Url.ToString());
        json.WriteNumber("concurrency", options.Concurrency);
        json.WriteNumber("seconds", Math.Round(seconds, 3));
        json.WriteNumber("succeeded", _succeeded);
        json.WriteNumber("failed", _failed);
        json.WriteNumber("requests_per_second", Math.Round(_succeeded / seconds, 3));
        json.WriteNumber("output_tokens_per_second", Math.Round(_tokens / seconds, 3));
        foreach ((string name, List<double> samples) in Series())
        {
            samples.Sort();
            json.WriteStartObject(name.Replace(' ', '_'));
            json.WriteNumber("n", samples.Count);
            foreach (double percentile in Percentiles)
                json.WriteNumber(Text($"p{percentile}"), Math.Round(At(samples, percentile), 3));
            json.WriteNumber("max", Math.Round(At(samples, 100), 3));
            json.WriteEndObject();
        }
        json.WriteStartObject("errors");
        foreach ((string error, int count) in _errors) json.WriteNumber(error, count);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private IEnumerable<(string Name, List<double> Samples)> Series() =>
    [
        ("time to first token ms", _firstTokenMs),
        ("inter token gap ms", _gapMs),
        ("stream tokens per second", _streamTokensPerSecond),
    ];

    // The smallest sample that at least p percent of the samples do not exceed.
    private static double At(List<double> sorted, double percentile)
    {
        if (sorted.Count == 0) return 0;
        int rank = (int)Math.Ceiling(percentile / 100 * sorted.Count);
        return sorted[Math.Clamp(rank - 1, 0, sorted.Count - 1)];
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
