namespace FastMlx.Hub;

/// <summary>Branch names and commits of a repository, and the refs files that join them.</summary>
internal static class Revisions
{
    public static bool IsCommit(string revision) => BlobHash.IsGitSha1(revision);

    /// <summary>A branch or tag that cannot leave the refs folder: parts as in names, joined by '/'.</summary>
    public static bool IsSafe(string revision) => revision.Length is > 0 and <= 128
        && revision.Split('/').All(part => part.Length > 0 && part[0] is not ('.' or '-')
            && part.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.')
            && !part.Contains("..", StringComparison.Ordinal));

    public static string? ReadRef(string repository, string revision)
    {
        string path = Path.Combine(repository, "refs", revision);
        if (new FileInfo(path) is not { Exists: true, Length: <= 256 })
            return null;
        string commit = File.ReadAllText(path).Trim();
        return IsCommit(commit) ? commit : null;
    }
}
