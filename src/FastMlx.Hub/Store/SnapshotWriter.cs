namespace FastMlx.Hub;

/// <summary>
/// Makes the verified blobs of a commit visible: links in snapshots/{commit}, then the ref. The caller holds the
/// commit's lock.
/// </summary>
internal static class SnapshotWriter
{
    public static string Write(string repository, string commit, string revision,
        IEnumerable<(string Name, string Blob)> files)
    {
        string snapshot = Path.Combine(repository, "snapshots", commit);
        PrivateFolder.Create(snapshot);
        foreach ((string name, string blob) in files)
            Link(Path.Combine(snapshot, name), Path.Combine(repository, "blobs", blob), blob);
        if (!Revisions.IsCommit(revision))
            WriteRef(Path.Combine(repository, "refs", revision), commit);
        return snapshot;
    }

    // A link made under another name and renamed replaces an old one without a moment of absence.
    private static void Link(string path, string blobPath, string blob)
    {
        string target = Path.Combine("..", "..", "blobs", blob);
        var existing = new FileInfo(path);
        bool isFileItself = existing is { Exists: true, LinkTarget: null } && !File.Exists(blobPath);
        if (existing.LinkTarget == target || isFileItself)
            return;
        string temporary = $"{path}.{Path.GetRandomFileName()}";
        try
        {
            File.CreateSymbolicLink(temporary, target);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            // exFAT and the like have no links: the file itself takes the place, as other tools do there.
            File.Move(blobPath, path, overwrite: true);
            return;
        }
        File.Move(temporary, path, overwrite: true);
    }

    private static void WriteRef(string path, string commit)
    {
        PrivateFolder.Create(Path.GetDirectoryName(path)!);
        PrivateFolder.RefuseLink(path);
        string temporary = $"{path}.{Path.GetRandomFileName()}";
        File.WriteAllText(temporary, commit);
        File.Move(temporary, path, overwrite: true);
    }
}
