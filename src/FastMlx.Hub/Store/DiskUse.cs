namespace FastMlx.Hub;

internal static class DiskUse
{
    /// <summary>Bytes of all files below, links not followed, and the last time one of them changed.</summary>
    public static (long Bytes, DateTimeOffset Modified) Of(string directory)
    {
        long bytes = 0;
        var modified = DateTimeOffset.UnixEpoch;
        var options = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.ReparsePoint,
        };
        foreach (FileInfo file in new DirectoryInfo(directory).EnumerateFiles("*", options))
        {
            bytes += file.Length;
            var changed = new DateTimeOffset(file.LastWriteTimeUtc);
            if (changed > modified)
                modified = changed;
        }
        return (bytes, modified);
    }
}
