using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;

namespace FastMlx.Native.Tests;

/// <summary>A tiny model's folder, copied so that a test can change its config.json or its tensors' names.</summary>
internal sealed class ModelCopy : IDisposable
{
    private const string Config = "config.json", Weights = "model.safetensors", Wrapper = "language_model.";

    public ModelCopy(string folder)
    {
        foreach (string name in (string[])[Config, Weights])
            File.WriteAllBytes(Path.Combine(Folder, name), File.ReadAllBytes(Path.Combine(folder, name)));
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("fastmlx-model-").FullName;

    /// <summary>Adds the fields of a JSON object; null takes one away; text_config is merged.</summary>
    public void Overlay(string fields)
    {
        JsonObject config = Read();
        Merge(config, JsonNode.Parse(fields)!.AsObject());
        Write(config);
    }

    /// <summary>Makes the whole config the text_config of a <paramref name="type"/> and prefixes all tensors.</summary>
    public void Wrap(string type)
    {
        JsonObject inner = Read(), outer = new() { ["model_type"] = type };
        foreach (string key in (string[])["quantization", "quantization_config"])
        {
            if (!inner.Remove(key, out JsonNode? value))
                continue;
            outer[key] = value;
        }

        outer["text_config"] = inner;
        Write(outer);
        Rename(name => Wrapper + name);
    }

    /// <summary>Makes text_config the whole config of a <paramref name="type"/> and strips the prefix.</summary>
    public void Unwrap(string type)
    {
        JsonObject inner = Read()["text_config"]!.DeepClone().AsObject();
        inner["model_type"] = type;
        Write(inner);
        Rename(name => name.StartsWith(Wrapper, StringComparison.Ordinal) ? name[Wrapper.Length..] : name);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private static void Merge(JsonObject config, JsonObject fields)
    {
        foreach ((string key, JsonNode? value) in fields)
        {
            if (key == "text_config" && config[key] is JsonObject text)
                Merge(text, value!.AsObject());
            else if (value is null)
                config.Remove(key);
            else
                config[key] = value.DeepClone();
        }
    }

    private JsonObject Read() => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, Config)))!.AsObject();

    private void Write(JsonObject config) => File.WriteAllText(Path.Combine(Folder, Config), config.ToJsonString());

    private void Rename(Func<string, string> rule)
    {
        string path = Path.Combine(Folder, Weights);
        byte[] file = File.ReadAllBytes(path);
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        JsonObject header = JsonNode.Parse(file.AsSpan(8, length))!.AsObject(), renamed = [];
        foreach ((string name, JsonNode? tensor) in header)
            renamed[name == "__metadata__" ? name : rule(name)] = tensor!.DeepClone();
        byte[] text = Encoding.UTF8.GetBytes(renamed.ToJsonString());
        var count = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(count, (ulong)text.Length);
        File.WriteAllBytes(path, [.. count, .. text, .. file.AsSpan(8 + length)]);
    }
}
