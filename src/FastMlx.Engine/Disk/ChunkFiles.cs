namespace FastMlx.Engine.Disk;

/// <summary>
/// Chunks as files: written under a temporary name, renamed when complete, checked in every byte when read. Trusts
/// nothing in a file before its hash. One thread at a time.
/// </summary>
internal sealed class ChunkFiles(ICacheFiles files)
{
    public const string Extension = ".kv";
    public const string TemporaryExtension = ".tmp";

    private int _temporaries;

    /// <summary>By its name; other files in the folder are left alone.</summary>
    public static bool IsOurs(string name) =>
        name.EndsWith(Extension, StringComparison.Ordinal)
        || name.EndsWith(TemporaryExtension, StringComparison.Ordinal);

    /// <summary>
    /// All files that are chunks, whole in their heads; the rest is deleted where <paramref name="repair"/>.
    /// </summary>
    public List<(string Name, ChunkHeader Header)> Scan(bool repair, out int dropped)
    {
        var found = new List<(string, ChunkHeader)>();
        dropped = 0;
        foreach (var name in files.List())
        {
            if (!IsOurs(name))
            {
                continue;
            }

            if (ReadHeader(name) is { } header)
            {
                found.Add((name, header));
                continue;
            }

            dropped++;
            if (repair)
            {
                TryDelete(name);
            }
        }

        return found;
    }

    /// <summary>
    /// The head of a file, checked against its hash, its length and its name; null where anything is wrong.
    /// </summary>
    public ChunkHeader? ReadHeader(string name)
    {
        try
        {
            var length = files.Length(name);
            if (length < ChunkHeader.FixedBytes || name.EndsWith(TemporaryExtension, StringComparison.Ordinal))
            {
                return null;
            }

            var start = new byte[ChunkHeader.FixedBytes];
            files.Read(name, 0, start);
            var bytes = ChunkHeader.Length(start, length);
            if (bytes < 0)
            {
                return null;
            }

            var head = new byte[bytes];
            files.Read(name, 0, head);
            var header = ChunkHeader.Length(head, length) == bytes ? ChunkHeader.Read(head) : null;
            return header is not null && ChunkIndex.Name(header.Key()) == name ? header : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// The payload, checked block by block; null where the file is damaged. Throws where the disk fails.
    /// </summary>
    public byte[]? ReadPayload(string name, ChunkHeader expected)
    {
        if (ReadHeader(name) is not { } header || header.PayloadBytes != expected.PayloadBytes)
        {
            return null;
        }

        var payload = GC.AllocateUninitializedArray<byte>((int)header.PayloadBytes);
        files.Read(name, header.Bytes, payload);
        return BlockChecksum.Matches(payload, header.Checksums) ? payload : null;
    }

    /// <summary>Writes a chunk; on failure nothing is left under its name.</summary>
    public void Write(string name, ChunkHeader header, byte[] payload)
    {
        var temporary = $"{Environment.ProcessId}-{++_temporaries}{TemporaryExtension}";
        try
        {
            files.Write(temporary, header.Write(), payload);
            files.Rename(temporary, name);
        }
        catch
        {
            TryDelete(temporary);
            throw;
        }
    }

    public void TryDelete(string name)
    {
        try
        {
            files.Delete(name);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It will be met again at the next start.
        }
    }
}
