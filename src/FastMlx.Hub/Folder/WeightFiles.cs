using System.Text.Json;

namespace FastMlx.Hub;

/// <summary>
/// Finds, opens and compares the weights files of a folder: all of model*.safetensors, as engines load them.
/// </summary>
internal static class WeightFiles
{
    private const string IndexName = "model.safetensors.index.json";

    public static SafetensorsHeader[] Open(string directory)
    {
        string[] paths = Directory.GetFiles(directory, "model*.safetensors");
        Array.Sort(paths, StringComparer.Ordinal);
        string indexPath = Path.Combine(directory, IndexName);
        Dictionary<string, string>? index = File.Exists(indexPath) ? ReadIndex(indexPath) : null;
        if (index is not null)
            CheckComplete(directory, indexPath, index);
        if (paths.Length == 0)
            throw new ModelFileException(ModelFileProblem.Missing, directory,
                $"{directory} has no model*.safetensors. Give a model in MLX format, or download it again.");
        SafetensorsHeader[] files = [.. paths.Select(SafetensorsHeader.Read)];
        Dictionary<string, string> owners = Owners(files);
        foreach ((string tensor, string file) in index ?? [])
        {
            if (!owners.TryGetValue(tensor, out string? owner) || owner != file)
                throw new ModelFileException(ModelFileProblem.Inconsistent, indexPath,
                    $"{indexPath} says that {file} holds tensor {tensor}, which is not so. The files are of different "
                    + "downloads: download the model again.");
        }
        return files;
    }

    // A shard that is missing is the commonest fault of all; it deserves a message of its own.
    private static void CheckComplete(string directory, string indexPath, Dictionary<string, string> index)
    {
        string[] missing = [.. index.Values.Distinct().Where(f => !File.Exists(Path.Combine(directory, f))).Order()];
        if (missing.Length > 0)
            throw new ModelFileException(ModelFileProblem.Missing, Path.Combine(directory, missing[0]),
                $"{directory} lacks {missing.Length} of the files that {Path.GetFileName(indexPath)} names, "
                + $"the first is {missing[0]}. Download the model again; it resumes where it stopped.");
    }

    private static Dictionary<string, string> Owners(SafetensorsHeader[] files)
    {
        var owners = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (SafetensorsHeader file in files)
        {
            string name = Path.GetFileName(file.Path);
            foreach (TensorEntry tensor in file.Tensors)
            {
                if (!owners.TryAdd(tensor.Name, name))
                    throw new ModelFileException(ModelFileProblem.Inconsistent, file.Path,
                        $"Tensor {tensor.Name} is in {owners[tensor.Name]} and in {name}: files of different downloads "
                        + "are mixed in this folder. Remove it and download the model again.");
            }
        }
        return owners;
    }

    internal static Dictionary<string, string> ReadIndex(string indexPath)
    {
        return JsonFile.Read(indexPath, root => Index(indexPath, root));
    }

    private static Dictionary<string, string> Index(string indexPath, JsonElement root)
    {
        if (root.Object("weight_map") is not { } map)
            throw JsonFile.Damaged(indexPath, "has no weight_map", null);
        var index = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in map.EnumerateObject())
        {
            string? file = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() : null;
            if (file is null || !IsShardName(file))
                throw JsonFile.Damaged(indexPath, "names a weights file that is not model*.safetensors", null);
            index[property.Name] = file;
        }
        return index;
    }

    private static bool IsShardName(string file) =>
        file.StartsWith("model", StringComparison.Ordinal) && file.EndsWith(".safetensors", StringComparison.Ordinal)
        && file.AsSpan().IndexOfAnyExcept(SafeCharacters) < 0;

    private static readonly System.Buffers.SearchValues<char> SafeCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
}
