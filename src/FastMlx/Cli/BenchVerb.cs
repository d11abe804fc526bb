using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FastMlx.Composition;
using FastMlx.Configuration;
using FastMlx.Engine;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastMlx.Cli;

/// <summary>
/// `fastmlx bench`: how fast the engine reads prompts and writes answers here, at a few context lengths.
/// </summary>
internal static class BenchVerb
{
    public static Command Create()
    {
        var command = new Command("bench",
            "Measure tokens a second of prompts and answers at a few context lengths, without a server.\n\n"
            + ExitCode.Text);
        var contexts = new Option<int[]>("--contexts")
        {
            Description = "Prompt lengths in tokens.",
            DefaultValueFactory = _ => [512, 2048, 8192],
            AllowMultipleArgumentsPerToken = true,
        };
        var tokens = new Option<int>("--tokens") { Description = "Tokens an answer.", DefaultValueFactory = _ => 64 };
        var json = new Option<bool>("--json") { Description = "Print JSON for machines." };
        command.Options.Add(contexts);
        command.Options.Add(tokens);
        command.Options.Add(json);
        var flags = new OptionFlags(command, "--model", "--backend", "--threads", "--context-length", "--cache-size");
        command.SetAction((parsed, cancellation) => VerbGuard.RunAsync(parsed, () => RunAsync(
            parsed, flags.Load(parsed), parsed.GetValue(contexts)!, parsed.GetValue(tokens), parsed.GetValue(json),
            cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(
        ParseResult parsed, ServerOptions options, int[] lengths, int count, bool isJson,
        CancellationToken cancellation)
    {
        if (count < 2 || lengths.Length == 0 || lengths.Any(n => n < 1))
            throw new CliException(ExitCode.Usage, "--tokens is 2 or more, and each of --contexts 1 or more.");
        // No disk cache: a second run would find the prompts of the first, and measure a handful of tokens.
        await using LoadedModel model = await ModelLoader.LoadAsync(
            options with { DiskCacheDirectory = null }, TimeProvider.System, NullLogger.Instance, cancellation);
        if (lengths.Any(n => n + (long)count > model.Generator.ContextLength))
        {
            throw new CliException(
                ExitCode.Usage,
                $"A prompt and its answer must fit the context of {model.Generator.ContextLength} tokens.");
        }

        double machine = MemoryProbe.BytesPerSecond();
        var rows = new List<BenchRow>();
        // The first step pages the weights in; it is not counted.
        await MeasureAsync(model.Generator, 16, 2, seed: 0, cancellation);
        for (int i = 0; i < lengths.Length; i++)
            rows.Add(await MeasureAsync(model.Generator, lengths[i], count, i + 1, cancellation));
        if (isJson)
            HubVerb.WriteJson(parsed, w => Write(w, model, machine, rows));
        else
            Print(parsed.InvocationConfiguration.Output, model, machine, rows);
        return ExitCode.Success;
    }

    private static async Task<BenchRow> MeasureAsync(
        EngineLoop engine, int length, int count, int seed, CancellationToken cancellation)
    {
        // Each length has its own tokens, so that no prompt finds another's in the cache.
        var random = new Random(seed);
        int[] prompt = [.. Enumerable.Range(0, length).Select(_ => random.Next(engine.Model.VocabSize))];
        var request = new GenerationRequest
        {
            Prompt = prompt,
            MaxTokens = count,
            Sampling = new SamplingParameters(0, 1, 0, 0, 1),
        };
        SubmitResult result = engine.Submit(request, out Generation? generation);
        if (result != SubmitResult.Accepted)
            throw new CliException(
                ExitCode.Failure, $"The engine does not take a prompt of {length} tokens: {result}.");
        using CancellationTokenRegistration stop = cancellation.Register(generation!.Cancel);
        int[] buffer = new int[256];
        while (await generation.WaitAsync(cancellation))
            generation.Read(buffer);
        if (generation.FinishReason != FinishReason.MaxTokens)
            throw new CliException(
                ExitCode.Failure, $"A run ended early: {generation.Failure ?? $"{generation.FinishReason}"}.");
        return BenchRow.Of(generation.Stats, engine.Model);
    }

    private static void Print(TextWriter output, LoadedModel model, double machine, List<BenchRow> rows)
    {
        output.WriteLine($"{model.Name} on {model.Generator.Model.Backend}");
        output.WriteLine(" context   prompt tok/s   answer tok/s   answer GB/s");
        foreach (BenchRow row in rows)
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{row.Context,8:N0}   {row.PromptRate,12:N1}   {row.AnswerRate,12:N1}   "
                + $"{row.AnswerBytesRate / 1e9,11:N2}"));
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"This machine's memory, read by all cores: {machine / 1e9:N1} GB/s. A small model lives in the caches."));
    }

    private static void Write(Utf8JsonWriter json, LoadedModel model, double machine, List<BenchRow> rows)
    {
        json.WriteStartObject();
        json.WriteString("model", model.Name);
        json.WriteString("backend", model.Generator.Model.Backend);
        json.WriteNumber("memory_bytes_per_second", Math.Round(machine));
        json.WriteStartArray("runs");
        foreach (BenchRow row in rows)
        {
            json.WriteStartObject();
            json.WriteNumber("context", row.Context);
            json.WriteNumber("prompt_tokens_per_second", Math.Round(row.PromptRate, 2));
            json.WriteNumber("answer_tokens_per_second", Math.Round(row.AnswerRate, 2));
            json.WriteNumber("answer_bytes_per_second", Math.Round(row.AnswerBytesRate));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
