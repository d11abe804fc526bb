using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>`fastmlx list`: what is in the cache.</summary>
internal static class ListVerb
{
    public static Command Create() => Create(options: null);

    internal static Command Create(Func<HubOptions>? options)
    {
        var verb = new HubVerb(options);
        return verb.Create("list", "List the models in the cache.", (result, client, _) =>
        {
            IReadOnlyList<CachedModel> models = client.Store.List();
            if (result.GetValue(verb.Json))
                HubVerb.WriteJson(result, w => Write(w, client.Store, models));
            else
                Print(result.InvocationConfiguration.Output, client.Store, models);
            return Task.FromResult(ExitCode.Success);
        });
    }

    private static void Print(TextWriter output, ModelStore store, IReadOnlyList<CachedModel> models)
    {
        if (models.Count == 0)
        {
            output.WriteLine($"No models in {store.CacheDirectory}. Try: fastmlx pull mlx-community/Qwen3-4B-4bit");
            return;
        }
        int width = models.Max(m => m.Name.Text.Length);
        foreach (CachedModel model in models)
        {
            string day = model.Modified.ToLocalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            string state = model.IsComplete ? "" : "  (incomplete)";
            output.WriteLine($"{model.Name.Text.PadRight(width)}  {ByteText.Of(model.Bytes),8}  {day}{state}");
        }
        output.WriteLine($"{ByteText.Of(models.Sum(m => m.Bytes))} in {store.CacheDirectory}");
    }

    private static void Write(Utf8JsonWriter writer, ModelStore store, IReadOnlyList<CachedModel> models)
    {
        writer.WriteStartObject();
        writer.WriteString("cache", store.CacheDirectory);
        writer.WriteStartArray("models");
        foreach (CachedModel model in models)
        {
            writer.WriteStartObject();
            writer.WriteString("name", model.Name.Text);
            writer.WriteString("folder", model.Directory);
            writer.WriteString("commit", model.Commit);
            writer.WriteNumber("bytes", model.Bytes);
            writer.WriteBoolean("complete", model.IsComplete);
            writer.WriteString("modified", model.Modified);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
