namespace FastMlx.Hub;

/// <summary>
/// A blob that is being written: `blobs/{hash}.incomplete`, always a true beginning of the file (other tools append to
/// it too), hashed as it grows, given its name only when the hash is right. One user.
/// </summary>
internal sealed class BlobFile : IDisposable
{
    // ENOSPC and EDQUOT (Linux 122, macOS 69), and Windows' two codes, as HResult.
    private static readonly int[] FullCodes = [28, 122, 69, unchecked((int)0x80070070), unchecked((int)0x80070027)];

    private readonly RemoteFile _file;
    private readonly string _path;
    private readonly string _partialPath;
    private readonly Stream _stream;
    private BlobHasher _hasher;

    private BlobFile(RemoteFile file, string path, Stream stream)
    {
        _file = file;
        _path = path;
        _partialPath = path + ".incomplete";
        _stream = stream;
        _hasher = new BlobHasher(file.Hash, file.Size);
    }

    /// <summary>Bytes that are on the disk and hashed.</summary>
    public long Length { get; private set; }

    public static BlobFile Open(RemoteFile file, string path, DownloadSettings settings)
    {
        string partial = path + ".incomplete";
        PrivateFolder.RefuseLink(partial);
        var options = new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read,
            Options = FileOptions.Asynchronous,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = PrivateFolder.FileMode(Path.GetDirectoryName(path)!);
        try
        {
            return new BlobFile(file, path, settings.OpenBlob(new FileStream(partial, options)));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(partial, e);
        }
    }

    /// <summary>Hashes what an earlier run left; starts anew where that cannot be a beginning of the file.</summary>
    public async Task<long> ResumeAsync(CancellationToken cancellationToken)
    {
        if (_stream.Length > _file.Size)
            _stream.SetLength(0);
        var buffer = new byte[1 << 20];
        for (int count; (count = await _stream.ReadAsync(buffer, cancellationToken)) > 0; Length += count)
            _hasher.Append(buffer.AsSpan(0, count));
        return Length;
    }

    /// <summary>Not to be cancelled: whether bytes were written must never be in doubt.</summary>
    public async Task AppendAsync(ReadOnlyMemory<byte> data)
    {
        try
        {
            await _stream.WriteAsync(data);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(_partialPath, e);
        }
        _hasher.Append(data.Span);
        Length += data.Length;
    }

    public void Restart()
    {
        _stream.SetLength(0);
        _stream.Position = 0;
        _hasher.Dispose();
        _hasher = new BlobHasher(_file.Hash, _file.Size);
        Length = 0;
    }

    /// <summary>True where the hash is right: the blob then has its name, durably. Call once, when complete.</summary>
    public bool TryFinish()
    {
        if (Length != _file.Size || !_hasher.Matches())
            return false;
        try
        {
            if (_stream is FileStream file)
                file.Flush(flushToDisk: true);
            else
                _stream.Flush();
            _stream.Dispose();
            File.Move(_partialPath, _path, overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(_partialPath, e);
        }
    }

    public void Discard()
    {
        _stream.Dispose();
        File.Delete(_partialPath);
    }

    public void Dispose()
    {
        _stream.Dispose();
        _hasher.Dispose();
    }

    public static HubException Failed(string path, Exception e) => FullCodes.Contains(e.HResult)
        ? new HubException(HubProblem.DiskFull,
            $"The disk of {path} is full. Free some space and run the same command again; it resumes.", e)
        : new HubException(HubProblem.Disk, $"{path} cannot be written: {e.Message}", e);
}
