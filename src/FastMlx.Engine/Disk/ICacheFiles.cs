namespace FastMlx.Engine.Disk;

/// <summary>
/// The few file operations of the disk tier; all may throw <see cref="IOException"/> or
/// <see cref="UnauthorizedAccessException"/>. Names have no folder part.
/// </summary>
internal interface ICacheFiles
{
    public IReadOnlyList<string> List();

    public long Length(string name);

    /// <summary>Fills the whole destination or throws.</summary>
    public void Read(string name, long offset, Span<byte> destination);

    /// <summary>Creates a file for the owner only, writes both parts and waits until the disk has them.</summary>
    public void Write(string name, ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload);

    /// <summary>Gives a written file its final name, atomically and durably.</summary>
    public void Rename(string from, string to);

    public void Delete(string name);
}
