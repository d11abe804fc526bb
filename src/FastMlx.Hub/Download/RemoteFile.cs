namespace FastMlx.Hub;

/// <summary>
/// One file on the hub. <see cref="Hash"/> names its blob: SHA-256 of large files, git's SHA-1 of small ones.
/// <see cref="Location"/> is where its bytes are now; it expires and is renewed (a reference, so written at once).
/// </summary>
internal sealed class RemoteFile(string name, string hash, long size, Uri origin, Uri location)
{
    public string Name { get; } = name;
    public string Hash { get; } = hash;
    public long Size { get; } = size;
    public Uri Origin { get; } = origin;
    public Uri Location { get; set; } = location;
}
