namespace FastMlx.Hub;

/// <summary>
/// Whether a snapshot holds what a model needs, judged by names alone (cheap: for lists and lookups).
/// </summary>
internal static class SnapshotFiles
{
    /// <summary>The first file that is missing, or null where the snapshot is complete.</summary>
    public static string? FirstMissing(string snapshot)
    {
        if (!Exists(snapshot, "config.json"))
            return "config.json";
        if (!Exists(snapshot, "tokenizer.json") && !Exists(snapshot, "tokenizer.model"))
            return "tokenizer.json";
        string index = Path.Combine(snapshot, "model.safetensors.index.json");
        if (!File.Exists(index))
            return Directory.EnumerateFiles(snapshot, "model*.safetensors").Any(f => Exists(snapshot, f))
                ? null : "model.safetensors";
        try
        {
            return WeightFiles.ReadIndex(index).Values.Distinct().Order().FirstOrDefault(f => !Exists(snapshot, f));
        }
        catch (ModelFileException)
        {
            return Path.GetFileName(index); // Damaged: as good as missing, and a download replaces it.
        }
    }

    // False for a link whose blob is gone.
    private static bool Exists(string snapshot, string file) =>
        new FileInfo(Path.Combine(snapshot, file)) is { Exists: true } info
        && (info.LinkTarget is null || info.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true });
}
