namespace FastMlx.Hub;

/// <summary>
/// A folder with a model, checked: every weights file keeps the rules of safetensors, no tensor is in two files, an
/// index agrees with them. Immutable; may be used from any thread. Nothing of the weights but the headers and a few
/// samples has been read. After an engine has loaded the weights, <see cref="CheckUnchanged"/> tells whether what it
/// read is what was checked.
/// </summary>
public sealed class ModelFolder
{
    private ModelFolder(string directory, ModelConfig config, SafetensorsHeader[] weights, string fingerprint)
    {
        Directory = directory;
        Config = config;
        Weights = weights;
        Fingerprint = fingerprint;
    }

    public string Directory { get; }

    public ModelConfig Config { get; }

    public IReadOnlyList<SafetensorsHeader> Weights { get; }

    /// <summary>Bytes of all tensors.</summary>
    public long WeightBytes => Weights.Sum(w => w.FileBytes - w.DataStart);

    /// <summary>
    /// 64 hex digits that change with the configuration and the weights: names a model for caches that outlive the
    /// process. See <see cref="ModelFingerprint"/> for what it covers.
    /// </summary>
    public string Fingerprint { get; }

    /// <summary>Null where the folder has none.</summary>
    public string? TokenizerJson => Optional("tokenizer.json");

    public string? SentencePieceModel => Optional("tokenizer.model");

    public string? TokenizerConfig => Optional("tokenizer_config.json");

    public string? ChatTemplate => Optional("chat_template.jinja");

    /// <summary>
    /// Opens and checks. <paramref name="isSupported"/> is asked for the (renamed) model type where the caller knows
    /// which graphs its engine has. Throws <see cref="ModelFileException"/>.
    /// </summary>
    public static ModelFolder Open(string directory, Func<string, bool>? isSupported = null)
    {
        ModelFolder folder = OpenWeights(directory, isSupported);
        if (folder.TokenizerJson is null && folder.SentencePieceModel is null)
            throw new ModelFileException(ModelFileProblem.Missing, Path.Combine(folder.Directory, "tokenizer.json"),
                $"{folder.Directory} has neither tokenizer.json nor tokenizer.model: download the model again.");
        return folder;
    }

    /// <summary>
    /// As <see cref="Open"/> for a folder of weights alone: no tokenizer is needed (`inspect`, `debug logits`).
    /// </summary>
    public static ModelFolder OpenWeights(string directory, Func<string, bool>? isSupported = null)
    {
        if (!System.IO.Directory.Exists(directory))
            throw new ModelFileException(ModelFileProblem.Missing, directory,
                $"{directory} is not a folder. Give a folder with config.json and model.safetensors, or a name as "
                + "`mlx-community/…`.");
        directory = Path.GetFullPath(directory);
        string configPath = Path.Combine(directory, "config.json");
        if (!File.Exists(configPath))
            throw new ModelFileException(ModelFileProblem.Missing, configPath,
                $"{directory} has no config.json, so it is not a model's folder (or not downloaded completely).");
        byte[] configBytes = FileReader.ReadSmall(configPath, JsonFile.BytesMax);
        ModelConfig config = ReadConfig(directory, configPath, configBytes);
        if (isSupported is not null && !isSupported(config.ModelType))
            throw new ModelFileException(ModelFileProblem.NotSupported, configPath,
                $"{configPath}: models of type {config.DeclaredType} are not supported.");
        SafetensorsHeader[] weights = WeightFiles.Open(directory);
        return new ModelFolder(directory, config, weights, ModelFingerprint.Compute(configBytes, weights));
    }

    /// <summary>Throws <see cref="ModelFileException"/> where a weights file changed since it was checked.</summary>
    public void CheckUnchanged()
    {
        foreach (SafetensorsHeader file in Weights)
            file.CheckUnchanged();
    }

    private static ModelConfig ReadConfig(string directory, string configPath, byte[] configBytes)
    {
        string generationPath = Path.Combine(directory, "generation_config.json");
        byte[] generation = File.Exists(generationPath)
            ? FileReader.ReadSmall(generationPath, JsonFile.BytesMax) : [.. "{}"u8];
        // Parsing overwrites NaN in the buffer, and the fingerprint needs the file's own bytes.
        return JsonFile.Read(configPath, [.. configBytes], config =>
            JsonFile.Read(generationPath, generation, g => ModelConfigReader.Read(configPath, config, g)));
    }

    private string? Optional(string name)
    {
        string path = Path.Combine(Directory, name);
        return File.Exists(path) ? path : null;
    }
}
