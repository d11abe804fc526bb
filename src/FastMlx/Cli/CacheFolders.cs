using FastMlx.Engine;

namespace FastMlx.Cli;

/// <summary>The disk cache's folder, and the ones in it that belong to the further models of a server.</summary>
internal static class CacheFolders
{
    private const int NameLength = 16;

    public static CacheReport Look(CacheDirectory cache, Func<CacheDirectory, CacheReport> look)
    {
        (string Folder, CacheReport Report)[] all =
            [.. Of(cache).Select(c => (Path.GetRelativePath(cache.Folder, c.Folder), look(c)))];
        return new CacheReport
        {
            Models = [.. all.SelectMany(a => a.Report.Models)
                .GroupBy(m => (m.ModelType, m.Fingerprint))
                .Select(same => new CacheModelReport(
                    same.Key.ModelType, same.Key.Fingerprint, same.Sum(m => m.Files), same.Sum(m => m.Tokens),
                    same.Sum(m => m.Bytes)))],
            Damaged = [.. all.SelectMany(a => a.Report.Damaged.Select(
                name => a.Folder == "." ? name : Path.Combine(a.Folder, name)))],
        };
    }

    /// <summary>Deletes all cache files; returns how many.</summary>
    public static int Clear(CacheDirectory cache) => Of(cache).Sum(c => c.Clear());

    private static IEnumerable<CacheDirectory> Of(CacheDirectory cache)
    {
        yield return cache;
        if (!Directory.Exists(cache.Folder))
            yield break;
        foreach (string folder in Directory.EnumerateDirectories(cache.Folder))
        {
            string name = Path.GetFileName(folder);
            if (name.Length == NameLength && name.All(char.IsAsciiHexDigitLower))
                yield return new CacheDirectory(folder);
        }
    }
}
