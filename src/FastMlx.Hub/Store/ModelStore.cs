namespace FastMlx.Hub;

/// <summary>
/// The cache of models on this machine, in Hugging Face's layout (blobs, refs, snapshots), which other tools share.
/// Reads and removes; <see cref="HubClient"/> adds. Holds no state: any thread.
/// </summary>
public sealed class ModelStore(string cacheDirectory)
{
    public const string DefaultRevision = "main";

    public string CacheDirectory { get; } = Path.GetFullPath(cacheDirectory);

    /// <summary>
    /// A folder for what an operator wrote: an existing folder, else a name in the cache. Not for names that a request
    /// brings. Throws <see cref="HubException"/> with <see cref="HubProblem.NotInCache"/> or Incomplete, or BadName.
    /// </summary>
    public string Resolve(string nameOrDirectory, string revision = DefaultRevision)
    {
        if (IsDirectory(nameOrDirectory))
            return Path.GetFullPath(nameOrDirectory);
        if (nameOrDirectory.StartsWith('/') || nameOrDirectory.StartsWith('.') || nameOrDirectory.StartsWith('~'))
            throw new HubException(HubProblem.NotFound, $"The folder {nameOrDirectory} does not exist.");
        if (!nameOrDirectory.Contains('/') && Directory.Exists(nameOrDirectory))
        {
            throw new HubException(HubProblem.NotFound,
                $"The folder {nameOrDirectory} has no config.json, so it is not a model's folder.");
        }

        ModelName name = ModelName.Parse(nameOrDirectory);
        string? snapshot = FindSnapshot(name, revision);
        if (snapshot is null)
            throw new HubException(HubProblem.NotInCache,
                $"{name} is not in the cache ({CacheDirectory}). Download it with `fastmlx pull {name}`.");
        if (SnapshotFiles.FirstMissing(snapshot) is { } missing)
            throw new HubException(HubProblem.Incomplete,
                $"{name} is not downloaded completely ({missing} is missing). Continue with `fastmlx pull {name}`.");
        return snapshot;
    }

    /// <summary>Whether an operator's word means a folder rather than a name.</summary>
    public static bool IsDirectory(string nameOrDirectory) =>
        Directory.Exists(nameOrDirectory)
        && (!ModelName.TryParse(nameOrDirectory, out _)
            || File.Exists(Path.Combine(nameOrDirectory, "config.json")));

    /// <summary>The newest snapshot folder of a model, complete or not; null where there is none.</summary>
    public string? FindSnapshot(ModelName name, string revision = DefaultRevision)
    {
        string repository = RepositoryDirectory(name);
        string snapshots = Path.Combine(repository, "snapshots");
        if (!Revisions.IsSafe(revision) || !Directory.Exists(snapshots))
            return null;
        string? commit = Revisions.IsCommit(revision) ? revision : Revisions.ReadRef(repository, revision);
        if (commit is not null)
            return ExistingSnapshot(repository, Path.Combine(snapshots, commit));
        if (revision != DefaultRevision)
            return null;
        // Tools that fetch by commit leave no ref; a single snapshot is what was meant.
        string[] all = Directory.GetDirectories(snapshots);
        return all.Length == 1 ? ExistingSnapshot(repository, all[0]) : null;
    }

    /// <summary>Every model in the cache, by name.</summary>
    public IReadOnlyList<CachedModel> List()
    {
        if (!Directory.Exists(CacheDirectory))
            return [];
        var models = new List<CachedModel>();
        foreach (string directory in Directory.GetDirectories(CacheDirectory, "models--*"))
        {
            if (!ModelName.TryParseFolder(Path.GetFileName(directory), out ModelName name))
                continue;
            string? snapshot = FindSnapshot(name);
            (long bytes, DateTimeOffset modified) = DiskUse.Of(directory);
            models.Add(new CachedModel(name, directory, snapshot is null ? null : Path.GetFileName(snapshot), bytes,
                snapshot is not null && SnapshotFiles.FirstMissing(snapshot) is null, modified));
        }
        models.Sort((a, b) => string.CompareOrdinal(a.Name.Text, b.Name.Text));
        return models;
    }

    /// <summary>Removes a model with all its revisions; returns the bytes that became free.</summary>
    public long Remove(ModelName name)
    {
        string repository = RepositoryDirectory(name);
        if (new FileInfo(repository).LinkTarget is { } target)
            throw new HubException(HubProblem.UnsafeFolder,
                $"{repository} is a link to {target}. Remove the link and what it points to yourself.");
        if (!Directory.Exists(repository))
            throw new HubException(HubProblem.NotInCache, $"{name} is not in the cache ({CacheDirectory}).");
        using IDisposable locks = BlobLock.TakeAll(CacheDirectory, name);
        (long bytes, _) = DiskUse.Of(repository);
        // Links inside are removed, never followed.
        Directory.Delete(repository, recursive: true);
        return bytes;
    }

    public string RepositoryDirectory(ModelName name) => Path.Combine(CacheDirectory, name.FolderName);

    // A link that leads out of the cache is not something that a hub tool made.
    private string? ExistingSnapshot(string repository, string snapshot)
    {
        if (!Directory.Exists(snapshot) || new FileInfo(snapshot).LinkTarget is not null)
            return null;
        foreach (string file in Directory.GetFiles(snapshot))
        {
            string? target = new FileInfo(file).ResolveLinkTarget(returnFinalTarget: true)?.FullName;
            if (target is not null && !IsInside(target, repository) && !IsInside(target, CacheDirectory))
                throw new HubException(HubProblem.UnsafeFolder,
                    $"{file} links to {target}, outside the cache. Remove {repository} and download the model again.");
        }
        return snapshot;
    }

    private static bool IsInside(string path, string directory)
    {
        string real = new DirectoryInfo(directory).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? directory;
        return path.StartsWith(directory + Path.DirectorySeparatorChar, StringComparison.Ordinal)
            || path.StartsWith(real + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }
}
