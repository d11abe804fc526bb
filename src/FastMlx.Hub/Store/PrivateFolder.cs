namespace FastMlx.Hub;

/// <summary>Folders of the cache: made for the owner alone, and never through a link.</summary>
internal static class PrivateFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>
    /// Makes the folder and the missing ones above it, each with mode 0700; leaves existing ones alone.
    /// </summary>
    public static void Create(string directory)
    {
        if (Directory.Exists(directory))
            return;
        if (Path.GetDirectoryName(directory) is { Length: > 0 } parent)
            Create(parent);
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, OwnerOnly);
    }

    /// <summary>A file is readable by those who may read its folder: a cache that is shared stays shared.</summary>
    public static UnixFileMode FileMode(string directory) => OperatingSystem.IsWindows()
        ? OwnerOnly
        : UnixFileMode.UserRead | UnixFileMode.UserWrite
            | (File.GetUnixFileMode(directory) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead));

    /// <summary>Throws where the path is a link: what we write would land where somebody else chose.</summary>
    public static void RefuseLink(string path)
    {
        if (new FileInfo(path).LinkTarget is { } target)
            throw new HubException(HubProblem.UnsafeFolder,
                $"{path} is a link to {target}; downloads do not write through links. Remove it, or set HF_HUB_CACHE "
                + "to the folder that you want to use.");
    }
}
