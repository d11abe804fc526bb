namespace FastMlx.Engine.Disk;

/// <summary>Files that another process writes: read, never changed. One that it deletes meanwhile is a miss.</summary>
internal sealed class BorrowedFiles(ICacheFiles files) : ICacheFiles
{
    public IReadOnlyList<string> List() => files.List();

    public long Length(string name) => files.Length(name);

    public void Read(string name, long offset, Span<byte> destination) => files.Read(name, offset, destination);

    public void Write(string name, ReadOnlySpan<byte> head, ReadOnlySpan<byte> payload) => throw Refusal();

    public void Rename(string from, string to) => throw Refusal();

    public void Delete(string name)
    {
    }

    private static IOException Refusal() => new("Another process writes this folder.");
}
