using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FastMlx.Engine;
using FastMlx.Native;

namespace FastMlx.Cli;

/// <summary>`fastmlx debug logits`: what a model computes for given token ids, as JSON.</summary>
internal static class DebugLogitsVerb
{
    private const int MaxChunk = 512;

    public static Command Create()
    {
        var model = new Option<string>("--model") { Description = "A checkpoint folder.", Required = true };
        var backend = new Option<NativeBackend>("--backend")
        {
            Description = "cpu, mlx or null.",
            CustomParser = result => ParseBackend(result.Tokens[0].Value, result.AddError),
        };
        var tokens = new Option<int[]>("--tokens")
        {
            Description = "The prompt's ids: 3,17,42.",
            Required = true,
            CustomParser = result => ParseIds(result.Tokens[0].Value, result.AddError),
        };
        var decode = new Option<int[]>("--decode")
        {
            Description = "Ids fed one at a time after the prompt.",
            CustomParser = result => ParseIds(result.Tokens[0].Value, result.AddError),
        };
        var arithmetic = new Option<string>("--arithmetic")
        {
            Description = "On the CPU: mlx rounds every sum as MLX's CPU loops do, so that the numbers can be compared "
                + "with MLX's (slow); float sums in float32, as serving does.",
            DefaultValueFactory = _ => "mlx",
        };
        arithmetic.AcceptOnlyFromAmong("mlx", "float");
        var chunk = new Option<int>("--chunk") { Description = "Prompt tokens fed at once; 0 = as many as fit." };
        var greedy = new Option<int>("--greedy") { Description = "Greedy ids to generate after the prompt." };
        var all = new Option<bool>("--all") { Description = "Logits of every position of the prompt." };
        chunk.Validators.Add(result => CheckNatural("--chunk", result.GetValueOrDefault<int>(), result.AddError));
        greedy.Validators.Add(result => CheckNatural("--greedy", result.GetValueOrDefault<int>(), result.AddError));
        var command = new Command("logits", "A model's logits for token ids, as JSON.")
        {
            model, backend, arithmetic, tokens, decode, chunk, greedy, all,
        };
        command.SetAction(parsed =>
        {
            var request = new Request(
                parsed.GetValue(tokens) ?? [], parsed.GetValue(decode) ?? [], parsed.GetValue(chunk),
                parsed.GetValue(greedy), parsed.GetValue(all));
            return Run(
                parsed.GetValue(model)!,
                Backend(parsed.GetValue(backend), parsed.GetValue(arithmetic)!),
                request);
        });
        return command;
    }

    private static NativeBackend Backend(NativeBackend asked, string arithmetic) =>
        asked is NativeBackend.Auto or NativeBackend.Cpu
            ? arithmetic == "mlx" ? NativeBackend.CpuRounded : NativeBackend.Cpu
            : asked;

    private static int Run(string directory, NativeBackend backend, Request request)
    {
        try
        {
            using NativeModel model = NativeModel.Open(directory, new NativeModelOptions { Backend = backend });
            using var output = new MemoryStream();
            using (var writer = new Utf8JsonWriter(output))
                Write(model, request, writer);
            using Stream standard = Console.OpenStandardOutput();
            output.WriteTo(standard);
            standard.WriteByte((byte)'\n');
            return 0;
        }
        catch (ModelException failure)
        {
            Console.Error.WriteLine($"fastmlx: {failure.Message}");
            return 1;
        }
    }

    private static void Write(NativeModel model, Request request, Utf8JsonWriter writer)
    {
        int slot = model.OpenSlot();
        writer.WriteStartObject();
        writer.WriteStartArray("prefill_logits");
        int chunk = request.Chunk > 0 ? Math.Min(request.Chunk, MaxChunk) : MaxChunk;
        var logits = new float[(request.All ? chunk : 1) * model.Info.VocabSize];
        for (int fed = 0; fed < request.Tokens.Length; fed += chunk)
        {
            ReadOnlySpan<int> part = request.Tokens.AsSpan(fed, Math.Min(chunk, request.Tokens.Length - fed));
            model.Logits(slot, fed, part, request.All, logits);
            if (request.All)
                WriteRows(writer, logits.AsSpan(0, part.Length * model.Info.VocabSize), model.Info.VocabSize);
        }

        if (!request.All)
            WriteRows(writer, logits, model.Info.VocabSize);
        writer.WriteEndArray();
        writer.WriteStartArray("decode_logits");
        for (int i = 0; i < request.Decode.Length; i++)
        {
            model.Logits(slot, request.Tokens.Length + i, request.Decode.AsSpan(i, 1), false, logits);
            WriteRows(writer, logits.AsSpan(0, model.Info.VocabSize), model.Info.VocabSize);
        }

        writer.WriteEndArray();
        writer.WriteStartArray("greedy");
        if (request.Greedy > 0)
            WriteGreedy(model, request, writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    // Through steps and the sampler, as a server generates, so with a timeline of its own.
    private static void WriteGreedy(NativeModel model, Request request, Utf8JsonWriter writer)
    {
        int slot = model.OpenSlot();
        int length = 0;
        int next = 0;
        for (int i = 0; i < request.Greedy; i++)
        {
            ReadOnlySpan<int> feed = i == 0 ? request.Tokens : [next];
            while (feed.Length > 0)
            {
                ReadOnlySpan<int> part = feed[..Math.Min(feed.Length, MaxChunk)];
                feed = feed[part.Length..];
                int sample = feed.IsEmpty ? 1 : 0;
                StepRow row = new() { Slot = slot, First = length, Count = part.Length, Sample = sample, TopP = 1 };
                model.BeginStep([row], part);
                model.EndStep(new Span<int>(ref next));
                length += part.Length;
            }

            writer.WriteNumberValue(next);
        }
    }

    private static void WriteRows(Utf8JsonWriter writer, ReadOnlySpan<float> logits, int vocabSize)
    {
        for (; !logits.IsEmpty; logits = logits[vocabSize..])
        {
            writer.WriteStartArray();
            foreach (float value in logits[..vocabSize])
            {
                if (!float.IsFinite(value))
                    throw new ModelException(ModelFailure.Internal, "the model gave a logit that is no finite number");
                writer.WriteNumberValue(value);
            }

            writer.WriteEndArray();
        }
    }

    private static NativeBackend ParseBackend(string text, Action<string> error)
    {
        switch (text)
        {
            case "cpu": return NativeBackend.Cpu;
            case "mlx": return NativeBackend.Mlx;
            case "null": return NativeBackend.Null;
            default:
                error($"--backend '{text}' is not one of cpu, mlx, null");
                return NativeBackend.Auto;
        }
    }

    private static int[] ParseIds(string text, Action<string> error)
    {
        var ids = new List<int>();
        foreach (Range part in text.AsSpan().Split(','))
        {
            if (!int.TryParse(text.AsSpan(part), NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            {
                error($"'{text}' is no list of token ids like 3,17,42");
                return [];
            }

            ids.Add(id);
        }

        return [.. ids];
    }

    private static void CheckNatural(string name, int value, Action<string> error)
    {
        if (value < 0)
            error($"{name} must not be negative");
    }

    private sealed record Request(int[] Tokens, int[] Decode, int Chunk, int Greedy, bool All);
}
