namespace FastMlx.Tests.Hub;

/// <summary>A file on a disk that is full after so many bytes (ENOSPC) or broken (EIO).</summary>
internal sealed class FailingStream(Stream file, long bytesMax, int code, Action? written = null) : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => true;
    public override long Length => file.Length;

    public override long Position
    {
        get => file.Position;
        set => file.Position = value;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer,
        CancellationToken cancellationToken = default)
    {
        int fits = (int)Math.Clamp(bytesMax - file.Position, 0, buffer.Length);
        // A full disk takes what fits before it says no.
        await file.WriteAsync(buffer[..fits], cancellationToken);
        if (fits > 0)
            written?.Invoke();
        if (fits < buffer.Length)
            throw new IOException("no space", code);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        file.ReadAsync(buffer, cancellationToken);

    public override void Flush() => file.Flush();
    public override int Read(byte[] buffer, int offset, int count) => file.Read(buffer, offset, count);
    public override long Seek(long offset, SeekOrigin origin) => file.Seek(offset, origin);
    public override void SetLength(long value) => file.SetLength(value);
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            file.Dispose();
        base.Dispose(disposing);
    }
}
