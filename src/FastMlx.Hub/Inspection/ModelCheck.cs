namespace FastMlx.Hub;

/// <summary>
/// Checks a model's folder byte by byte: checksums of blobs, the rules of safetensors, and the files together.
/// </summary>
public static class ModelCheck
{
    /// <summary>Reads every byte. Reports each file as it is done.</summary>
    public static async Task<IReadOnlyList<FileCheck>> RunAsync(string directory, Action<FileCheck> report,
        CancellationToken cancellationToken)
    {
        var checks = new List<FileCheck>();
        foreach (string path in Directory.GetFiles(directory).Order(StringComparer.Ordinal))
            Add(await CheckFileAsync(path, cancellationToken));
        if (checks.All(c => c.Problem is null))
            Add(CheckTogether(directory));
        return checks;

        void Add(FileCheck check)
        {
            checks.Add(check);
            report(check);
        }
    }

    // Shards that are each fine may still not belong together.
    private static FileCheck CheckTogether(string directory)
    {
        try
        {
            ModelFolder folder = ModelFolder.Open(directory);
            return new FileCheck("(all files together)", folder.WeightBytes, false, null);
        }
        catch (ModelFileException e)
        {
            return new FileCheck("(all files together)", 0, false, e.Message);
        }
    }

    private static async Task<FileCheck> CheckFileAsync(string path, CancellationToken cancellationToken)
    {
        string name = Path.GetFileName(path);
        string? blob = new FileInfo(path).LinkTarget is { } target ? Path.GetFileName(target) : null;
        bool hasChecksum = blob is not null && (BlobHash.IsSha256(blob) || BlobHash.IsGitSha1(blob));
        try
        {
            if (name.EndsWith(".safetensors", StringComparison.Ordinal))
                SafetensorsHeader.Read(path);
            await using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1,
                FileOptions.Asynchronous | FileOptions.SequentialScan);
            long bytes = file.Length;
            if (!hasChecksum)
                return new FileCheck(name, bytes, false, null);
            bool matches = await MatchesAsync(file, blob!, bytes, cancellationToken);
            return new FileCheck(name, bytes, true, matches ? null
                : $"{path} does not have the checksum {blob}. Remove the model and download it again.");
        }
        catch (ModelFileException e)
        {
            return new FileCheck(name, 0, hasChecksum, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new FileCheck(name, 0, hasChecksum, $"{path} cannot be read: {e.Message}");
        }
    }

    private static async Task<bool> MatchesAsync(FileStream file, string blob, long bytes,
        CancellationToken cancellationToken)
    {
        using var hasher = new BlobHasher(blob, bytes);
        var buffer = new byte[1 << 20];
        for (int count; (count = await file.ReadAsync(buffer, cancellationToken)) > 0;)
            hasher.Append(buffer.AsSpan(0, count));
        return hasher.Matches();
    }
}
