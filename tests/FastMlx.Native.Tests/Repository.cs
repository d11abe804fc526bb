using Xunit;

namespace FastMlx.Native.Tests;

/// <summary>Where the tests read from: this repository, and the shared corpora beside it.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>The shared folder's file or folder; skips the test where there is none.</summary>
    public static string Shared(string path)
    {
        string full = Path.Combine(Root, "../shared", path);
        Assert.SkipUnless(Path.Exists(full), $"../shared/{path} is not on this machine");
        return full;
    }

    public static IEnumerable<string> TinyModels(params string[] patterns)
    {
        string folder = Path.Combine(Root, "../shared/corpora/tiny-models");
        if (!Directory.Exists(folder))
            return [];
        return patterns.SelectMany(pattern => Directory.EnumerateDirectories(folder, pattern))
            .Select(path => Path.GetFileName(path)).Distinct().Order(StringComparer.Ordinal);
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "FastMlx.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
