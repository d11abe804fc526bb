namespace FastMlx.Engine.Disk;

/// <summary>A real folder, 0700, with files of 0600.</summary>
internal sealed class CacheFolder : ICacheFiles, IDisposable
{
    private const string LockName = "lock";
    private readonly string _folder;
    private readonly Action<string>? _syncFolder;
    private FileStream? _lock;

    /// <param name="folder">Created where it is missing.</param>
    /// <param name="syncFolder">Makes renames in a folder durable; .NET has no call for that.</param>
    public CacheFolder(string folder, Action<string>? syncFolder = null)
    {
        _folder = folder;
        _syncFolder = syncFolder;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(folder, OwnerOnly);
        File.SetUnixFileMode(folder, OwnerOnly); // It may have existed with another mode.
    }

    /// <summary>
    /// Makes this the folder's one writer until it is disposed or the process ends; false where another one is.
    /// </summary>
    public bool TryOwn()
    {
        try
        {
            _lock ??= new FileStream(Path.Combine(_folder, LockName), OwnerOnlyFile(FileMode.OpenOrCreate));
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    public void Dispose() => _lock?.Dispose();

    public IReadOnlyList<string> List() =>
        [.. Directory.EnumerateFiles(_folder).Select(path => Path.GetFileName(path))];

    public long Length(string name) => new FileInfo(Path.Combine(_folder, name)).Length;

    public void Read(string name, long offset, Span<byte> destination)
    {
        using var file = File.OpenHandle(Path.Combine(_folder, name));
        while (destination.Length > 0)
        {
            var count = RandomAccess.Read(file, destination, offset);
            if (count == 0)
            {
                throw new EndOfStreamException(name + " is shorter than its head says.");
            }

            offset += count;
            destination = destination[count..];
        }
    }

    public void Write(string name, ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload)
    {
        using var file = new FileStream(Path.Combine(_folder, name), OwnerOnlyFile(FileMode.Create));
        file.Write(head);
        file.Write(payload);
        file.Flush(flushToDisk: true);
    }

    public void Rename(string from, string to)
    {
        File.Move(Path.Combine(_folder, from), Path.Combine(_folder, to), overwrite: true);
        _syncFolder?.Invoke(_folder);
    }

    public void Delete(string name) => File.Delete(Path.Combine(_folder, name));

    // FileShare.None, the least, is also a lock between processes.
    private static FileStreamOptions OwnerOnlyFile(FileMode mode)
    {
        var options = new FileStreamOptions
        {
            Mode = mode,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }
}
