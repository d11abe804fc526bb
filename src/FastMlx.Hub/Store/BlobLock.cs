namespace FastMlx.Hub;

/// <summary>
/// Locks between processes: a file per blob in .locks, locked as other hub tools do (flock), so that two downloads of
/// one blob wait for each other whichever tools they are.
/// </summary>
internal sealed class BlobLock : IDisposable
{
    private readonly List<FileStream> _files = [];

    private BlobLock()
    {
    }

    /// <summary>Null where another process (or another download here) holds it.</summary>
    public static BlobLock? TryTake(string cacheDirectory, ModelName name, string blob)
    {
        string directory = LocksDirectory(cacheDirectory, name);
        PrivateFolder.RefuseLink(directory);
        PrivateFolder.Create(directory);
        var taken = new BlobLock();
        return taken.TryAdd(Path.Combine(directory, blob + ".lock")) ? taken : null;
    }

    /// <summary>Every lock that exists for a model; throws where one is held.</summary>
    public static BlobLock TakeAll(string cacheDirectory, ModelName name)
    {
        var taken = new BlobLock();
        string directory = LocksDirectory(cacheDirectory, name);
        if (!Directory.Exists(directory))
            return taken;
        foreach (string path in Directory.GetFiles(directory, "*.lock"))
        {
            if (taken.TryAdd(path))
                continue;
            taken.Dispose();
            throw new HubException(HubProblem.Busy,
                $"{name} is being downloaded by another program. Stop it or wait, then try again.");
        }
        return taken;
    }

    public void Dispose()
    {
        foreach (FileStream file in _files)
            file.Dispose();
        _files.Clear();
    }

    private bool TryAdd(string path)
    {
        PrivateFolder.RefuseLink(path);
        try
        {
            // FileShare.None is an exclusive flock on Unix.
            _files.Add(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            return true;
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            return false;
        }
    }

    private static string LocksDirectory(string cacheDirectory, ModelName name) =>
        Path.Combine(cacheDirectory, ".locks", name.FolderName);
}
