using FastMlx.Engine.Disk;

namespace FastMlx.Engine;

/// <summary>
/// The disk tier's folder from outside, for <c>fastmlx cache ls|clear|verify</c>. Works with or without a server that
/// uses it: a file that goes is a miss there. File system errors come through as <see cref="IOException"/> or
/// <see cref="UnauthorizedAccessException"/>.
/// </summary>
public sealed class CacheDirectory(string folder)
{
    public string Folder { get; } = folder;

    /// <summary>What is there, by model; reads the heads of the files only.</summary>
    public CacheReport Report() => Inspect(payloads: false);

    /// <summary>Reads every byte and compares it with its checksum. Changes nothing.</summary>
    public CacheReport Verify() => Inspect(payloads: true);

    /// <summary>Deletes all cache files; other files in the folder stay. Returns how many went.</summary>
    public int Clear()
    {
        var count = 0;
        if (!Directory.Exists(Folder))
        {
            return 0;
        }

        var files = new CacheFolder(Folder);
        foreach (var name in files.List().Where(ChunkFiles.IsOurs))
        {
            files.Delete(name);
            count++;
        }

        return count;
    }

    private CacheReport Inspect(bool payloads)
    {
        var models = new Dictionary<string, CacheModelReport>();
        var damaged = new List<string>();
        if (!Directory.Exists(Folder))
        {
            return new CacheReport { Models = [], Damaged = [] };
        }

        var files = new CacheFolder(Folder);
        var chunks = new ChunkFiles(files);
        foreach (var name in files.List().Where(ChunkFiles.IsOurs).Order(StringComparer.Ordinal))
        {
            if (chunks.ReadHeader(name) is not { } header || (payloads && !IsWhole(chunks, name, header)))
            {
                damaged.Add(name);
                continue;
            }

            var key = Convert.ToHexStringLower(header.Fingerprint)[..16];
            var before = models.GetValueOrDefault(key) ?? new CacheModelReport(header.ModelName, key, 0, 0, 0);
            models[key] = before with
            {
                Files = before.Files + 1,
                Tokens = before.Tokens + header.Tokens.Length,
                Bytes = before.Bytes + header.Bytes + header.PayloadBytes,
            };
        }

        return new CacheReport
        {
            Models = [.. models.Values.OrderByDescending(model => model.Bytes)],
            Damaged = damaged,
        };
    }

    private static bool IsWhole(ChunkFiles chunks, string name, ChunkHeader header)
    {
        try
        {
            return chunks.ReadPayload(name, header) is not null;
        }
        catch (IOException)
        {
            return false; // It could not be read: to whom asks, that is damage.
        }
    }
}
