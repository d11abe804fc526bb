using System.Runtime.InteropServices;

namespace FastMlx.Native;

/// <summary>What .NET has no call for: renames in a folder made durable.</summary>
public static class NativeFolder
{
    /// <summary>
    /// Returns when the disk has what was created, renamed and deleted in <paramref name="folder"/>. Any thread. Throws
    /// <see cref="IOException"/>.
    /// </summary>
    public static unsafe void Sync(string folder)
    {
        if (NativeMethods.fm_folder_sync(folder) != 0)
        {
            throw new IOException(Marshal.PtrToStringUTF8((nint)NativeMethods.fm_last_error()));
        }
    }
}
