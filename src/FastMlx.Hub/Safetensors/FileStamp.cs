using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace FastMlx.Hub;

/// <summary>
/// Tells one file from another at the same path: size, time of change, and identity (the inode on Linux, the time of
/// birth on macOS; both are new when a file is replaced, even by one of the same size and time).
/// </summary>
public readonly record struct FileStamp(long Bytes, long ModifiedTicks, long Identity)
{
    public static FileStamp Read(string path)
    {
        using SafeFileHandle handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        return Read(handle);
    }

    internal static FileStamp Read(SafeFileHandle handle) => new(
        RandomAccess.GetLength(handle),
        new DateTimeOffset(File.GetLastWriteTimeUtc(handle)).UtcTicks,
        OperatingSystem.IsLinux()
            ? Inode(handle.DangerousGetHandle())
            : new DateTimeOffset(File.GetCreationTimeUtc(handle)).UtcTicks);

    // Linux 5.14 and later name the inode there. Imports belong to the Native room, so stat(2) is out of reach here.
    private static long Inode(nint descriptor)
    {
        try
        {
            foreach (string line in File.ReadLines($"/proc/self/fdinfo/{descriptor}"))
            {
                if (line.StartsWith("ino:", StringComparison.Ordinal)
                    && long.TryParse(line.AsSpan(4).Trim(), CultureInfo.InvariantCulture, out long inode))
                    return inode;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // No /proc here: size and time must do.
        }
        return 0;
    }
}
