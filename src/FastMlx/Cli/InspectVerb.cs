using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>`fastmlx inspect NAME|DIR`: what a model is and what it needs, without loading it.</summary>
internal static class InspectVerb
{
    private static readonly int[] Contexts = [8_192, 32_768, 131_072];

    /// <param name="more">Facts that other rooms know (template, tool format, backend): name and value.</param>
    public static Command Create(Func<ModelFolder, IEnumerable<(string Name, string Value)>>? more = null) =>
        Create(options: null, more);

    internal static Command Create(Func<HubOptions>? options,
        Func<ModelFolder, IEnumerable<(string Name, string Value)>>? more)
    {
        var model = new Argument<string>("model") { Description = "A model in the cache, or a folder." };
        var verb = new HubVerb(options);
        Command command = verb.Create("inspect", "Show a model's family, layers, quantisation, context and memory.",
            (result, client, _) =>
            {
                ModelFolder folder = ModelFolder.OpenWeights(client.Store.Resolve(result.GetValue(model)!));
                (string Name, string Value)[] facts = [.. Facts(folder), .. more?.Invoke(folder) ?? []];
                if (result.GetValue(verb.Json))
                    HubVerb.WriteJson(result, w => Write(w, folder, facts));
                else
                    Print(result.InvocationConfiguration.Output, folder, facts);
                return Task.FromResult(ExitCode.Success);
            });
        command.Arguments.Add(model);
        return command;
    }

    private static IEnumerable<(string Name, string Value)> Facts(ModelFolder model)
    {
        ModelConfig config = model.Config;
        yield return ("folder", model.Directory);
        yield return ("family", config.ModelType == config.DeclaredType
            ? config.ModelType : $"{config.ModelType} (declared as {config.DeclaredType})");
        if (config.Layers is { } layers)
            yield return ("layers", config.FullAttentionLayers is { } full && full != layers
                ? $"{layers}, {full} of them with full attention" : Text(layers));
        if (config.Experts is { } experts)
            yield return ("experts", $"{experts}, {Text(config.ExpertsPerToken ?? 0)} per token");
        yield return ("context", config.ContextLength is { } context ? $"{Text(context)} tokens" : "unknown");
        yield return ("quantisation", Quantization(config.Quantization));
        yield return ("tokenizer", Path.GetFileName(model.TokenizerJson ?? model.SentencePieceModel ?? "none"));
        yield return ("chat template", ChatTemplate(model));
        yield return ("fingerprint", model.Fingerprint);
    }

    private static string ChatTemplate(ModelFolder model) => model.ChatTemplate is { } template
        ? Path.GetFileName(template)
        : model.TokenizerConfig is null ? "none" : "in tokenizer_config.json, if there";

    private static string Quantization(QuantizationFacts facts)
    {
        string text = facts.Default?.ToString() ?? (facts.ForeignMethod is null ? "none" : facts.ForeignMethod);
        return facts.Layers.Count == 0 ? text : $"{text}; {facts.Layers.Count} modules of their own";
    }

    private static void Print(TextWriter output, ModelFolder model, (string Name, string Value)[] facts)
    {
        int width = facts.Max(f => f.Name.Length);
        foreach ((string name, string value) in facts)
            output.WriteLine($"{name.PadRight(width)}  {value}");
        output.WriteLine();
        output.WriteLine($"{"weights",-14} {"parameters",11} {"size",9}  stored as");
        IReadOnlyList<WeightGroup> groups = WeightGroups.Of(model);
        foreach (WeightGroup group in groups)
            output.WriteLine(
                $"{group.Kind,-14} {Count(group.Parameters),11} {ByteText.Of(group.Bytes),9}  {group.Storage}");
        output.WriteLine(
            $"{"all",-14} {Count(groups.Sum(g => g.Parameters)),11} {ByteText.Of(model.WeightBytes),9}");
        MemoryBill bill = MemoryBill.Of(model);
        if (bill.StateBytesPerToken is not { } perToken)
            return;
        output.WriteLine();
        output.WriteLine($"memory, about: {ByteText.Of(bill.WeightBytes)} of weights, {ByteText.Of(perToken)} a token");
        foreach (int tokens in Contexts.Where(c => c <= (bill.ContextLength ?? int.MaxValue)))
            output.WriteLine($"  {Text(tokens),9} tokens: {ByteText.Of(bill.At(tokens)!.Value)}");
    }

    private static void Write(Utf8JsonWriter writer, ModelFolder model, (string Name, string Value)[] facts)
    {
        MemoryBill bill = MemoryBill.Of(model);
        writer.WriteStartObject();
        foreach ((string name, string value) in facts)
            writer.WriteString(name.Replace(' ', '_'), value);
        writer.WriteStartArray("weights");
        foreach (WeightGroup group in WeightGroups.Of(model))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", group.Kind);
            writer.WriteNumber("modules", group.Modules);
            writer.WriteNumber("parameters", group.Parameters);
            writer.WriteNumber("bytes", group.Bytes);
            writer.WriteString("storage", group.Storage);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        Number(writer, "context_length", model.Config.ContextLength);
        writer.WriteNumber("weight_bytes", bill.WeightBytes);
        Number(writer, "state_bytes_per_token", bill.StateBytesPerToken);
        writer.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter writer, string name, long? value)
    {
        if (value is { } number)
            writer.WriteNumber(name, number);
        else
            writer.WriteNull(name);
    }

    private static string Count(long parameters) => parameters switch
    {
        >= 1_000_000_000 => Short(parameters / 1e9) + " B",
        >= 1_000_000 => Short(parameters / 1e6) + " M",
        >= 1_000 => Short(parameters / 1e3) + " k",
        _ => Text((int)parameters),
    };

    private static string Short(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);

    private static string Text(int value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
