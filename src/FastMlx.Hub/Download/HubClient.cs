namespace FastMlx.Hub;

/// <summary>
/// Brings models from a hub into the cache. A file is under its blob's name, and a model under its commit, only after
/// every checksum was right; an interrupted download goes on where it stopped. Any thread; several at once, also from
/// other programs, wait for each other file by file.
/// </summary>
public sealed class HubClient : IDisposable
{
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(200);
    private const int LocateAtOnce = 8;

    private readonly HubOptions _options;
    private readonly DownloadSettings _settings;
    private readonly HubTransport _transport;

    public HubClient(HubOptions options)
        : this(options, new DownloadSettings())
    {
    }

    internal HubClient(HubOptions options, DownloadSettings settings)
    {
        _options = options;
        _settings = settings;
        _transport = new HubTransport(options, settings);
        Store = new ModelStore(options.CacheDirectory);
    }

    public ModelStore Store { get; }

    /// <summary>
    /// The folder of a model: as <see cref="ModelStore.Resolve"/>, and downloaded where it is not there.
    /// </summary>
    public async Task<string> EnsureAsync(string nameOrDirectory, IProgress<PullProgress>? progress,
        CancellationToken cancellationToken)
    {
        try
        {
            return Store.Resolve(nameOrDirectory);
        }
        catch (HubException e) when (e.Kind is HubProblem.NotInCache or HubProblem.Incomplete)
        {
            return await PullAsync(ModelName.Parse(nameOrDirectory), ModelStore.DefaultRevision, progress,
                cancellationToken);
        }
    }

    /// <summary>Downloads what is missing; returns the snapshot's folder. Throws <see cref="HubException"/>.</summary>
    public async Task<string> PullAsync(ModelName name, string revision, IProgress<PullProgress>? progress,
        CancellationToken cancellationToken)
    {
        if (_options.Offline)
            throw new HubException(HubProblem.Offline,
                $"{name} is not (completely) in the cache, and HF_HUB_OFFLINE forbids downloading it. Unset "
                + $"HF_HUB_OFFLINE, or run `fastmlx pull {name}` on a machine with a network and copy "
                + $"{Store.RepositoryDirectory(name)}.");
        if (!Revisions.IsSafe(revision))
            throw new HubException(HubProblem.BadName, "The revision is not the name of a branch, a tag or a commit.");
        try
        {
            RepositoryListing listing = await ListAsync(name, revision, cancellationToken);
            string repository = PrepareFolders(name, listing.Commit);
            var locator = new FileLocator(_transport, name, listing.Commit);
            RemoteFile[] files = await LocateAsync(locator, listing, cancellationToken);
            CheckSpace(name, repository, listing.Commit, files);
            await DownloadAsync(name, repository, listing.Commit, locator, files, progress, cancellationToken);
            using BlobLock held = await TakeLockAsync(name, listing.Commit, cancellationToken);
            return SnapshotWriter.Write(repository, listing.Commit, revision, files.Select(f => (f.Name, f.Hash)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw BlobFile.Failed(Store.RepositoryDirectory(name), e);
        }
    }

    public void Dispose() => _transport.Dispose();

    private async Task<RepositoryListing> ListAsync(ModelName name, string revision,
        CancellationToken cancellationToken)
    {
        string root = _options.Endpoint.AbsoluteUri.TrimEnd('/');
        var target = new Uri($"{root}/api/models/{name}/revision/{Uri.EscapeDataString(revision)}?blobs=true");
        return await RetryAsync(async () =>
        {
            using HttpResponseMessage response =
                await _transport.FollowAsync(HttpMethod.Get, target, range: null, cancellationToken);
            HubStatus.Check(response, name, "");
            byte[] json = await ReadListingAsync(response, target, name, cancellationToken);
            return RepositoryListing.Parse(name, json, _settings.FilesMax);
        }, cancellationToken);
    }

    private async Task<byte[]> ReadListingAsync(HttpResponseMessage response, Uri target, ModelName name,
        CancellationToken cancellationToken)
    {
        using var stall = new StallGuard(_settings, cancellationToken);
        using var content = new MemoryStream();
        var buffer = new byte[64 * 1024];
        try
        {
            await using Stream body = await response.Content.ReadAsStreamAsync(stall.Token);
            for (int count; (count = await body.ReadAsync(buffer, stall.Token)) > 0; stall.Progress())
            {
                if (content.Length + count > _settings.ListingBytesMax)
                    throw new HubException(HubProblem.Hostile, $"The hub's list of {name} has no end.");
                await content.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
            }
            return content.ToArray();
        }
        catch (Exception e) when (HubTransport.Translate(e, target, stall) is { } translated)
        {
            throw translated;
        }
    }

    private async Task<RemoteFile[]> LocateAsync(FileLocator locator, RepositoryListing listing,
        CancellationToken cancellationToken)
    {
        var files = new RemoteFile[listing.Files.Count];
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = LocateAtOnce,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForAsync(0, files.Length, parallel, async (index, stop) =>
        {
            (string file, string? sha256) = listing.Files[index];
            files[index] = await RetryAsync(() => locator.LocateAsync(file, sha256, stop), stop);
        });
        Array.Sort(files, (a, b) => a.Size.CompareTo(b.Size));
        return files;
    }

    private async Task<T> RetryAsync<T>(Func<Task<T>> action, CancellationToken cancellationToken)
    {
        // Nothing is on the way yet, so a dead network is told sooner than in the middle of a download.
        int attemptsMax = Math.Min(4, _settings.AttemptsMax);
        var backoff = new Backoff(_settings, _options.Endpoint);
        while (true)
        {
            try
            {
                return await action();
            }
            catch (TransientException e)
            {
                await backoff.WaitAsync(e, attemptsMax, cancellationToken);
            }
        }
    }

    private string PrepareFolders(ModelName name, string commit)
    {
        string repository = Store.RepositoryDirectory(name);
        foreach (string folder in (string[])["", "blobs", "refs", "snapshots"])
        {
            string path = Path.Combine(repository, folder).TrimEnd(Path.DirectorySeparatorChar);
            PrivateFolder.RefuseLink(path);
            PrivateFolder.Create(path);
        }
        PrivateFolder.RefuseLink(Path.Combine(repository, "snapshots", commit));
        return repository;
    }

    private void CheckSpace(ModelName name, string repository, string commit, RemoteFile[] files)
    {
        long needed = 0;
        foreach (RemoteFile file in files.DistinctBy(f => f.Hash))
        {
            if (!IsPresent(repository, commit, file))
                needed += file.Size - Math.Min(file.Size, LengthOf(BlobPath(repository, file) + ".incomplete"));
        }
        long free = _settings.FreeBytes(repository);
        if (needed > 0 && needed + _settings.FreeBytesMin > free)
            throw new HubException(HubProblem.DiskFull,
                $"{name} needs {ByteText.Of(needed)} more on the disk of {Store.CacheDirectory}, which has "
                + $"{ByteText.Of(free)} free. Free some space (`fastmlx rm`), or set HF_HUB_CACHE to a larger disk.");
    }

    private async Task DownloadAsync(ModelName name, string repository, string commit, FileLocator locator,
        RemoteFile[] files, IProgress<PullProgress>? progress, CancellationToken cancellationToken)
    {
        RemoteFile[] blobs = [.. files.DistinctBy(f => f.Hash)];
        var meter = new PullMeter(progress, blobs.Sum(f => f.Size), blobs.Length, _settings.Time);
        var requests = new FileRequests(_transport, locator, name);
        var download = new BlobDownload(new PieceFetcher(requests, _settings, meter),
            new WholeFileFetcher(requests, _settings, meter), _settings, meter);
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = _settings.FilesAtOnce,
            CancellationToken = cancellationToken,
        };
        await Parallel.ForEachAsync(blobs, parallel, async (file, stop) =>
        {
            using BlobLock held = await TakeLockAsync(name, file.Hash, stop);
            if (IsPresent(repository, commit, file))
                meter.AddPresent(file.Size);
            else
                await download.RunAsync(file, BlobPath(repository, file), stop);
            meter.FileDone(file.Name);
        });
    }

    private async Task<BlobLock> TakeLockAsync(ModelName name, string blob, CancellationToken cancellationToken)
    {
        BlobLock? taken;
        while ((taken = BlobLock.TryTake(Store.CacheDirectory, name, blob)) is null)
            await Task.Delay(LockPoll, _settings.Time, cancellationToken);
        return taken;
    }

    private static string BlobPath(string repository, RemoteFile file) => Path.Combine(repository, "blobs", file.Hash);

    // On disks without links the snapshot holds the file itself.
    private static bool IsPresent(string repository, string commit, RemoteFile file) =>
        LengthOf(BlobPath(repository, file)) == file.Size
        || LengthOf(Path.Combine(repository, "snapshots", commit, file.Name)) == file.Size;

    private static long LengthOf(string path) =>
        new FileInfo(path) is { Exists: true, LinkTarget: null } info ? info.Length : -1;
}
