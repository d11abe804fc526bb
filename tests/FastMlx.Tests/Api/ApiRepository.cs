using Xunit;

namespace FastMlx.Tests.Api;

/// <summary>Finds the repository and what stands beside it.</summary>
internal static class ApiRepository
{
    public static string Root { get; } = FindRoot();

    public static string Transcripts => Path.Combine(Root, "tests", "transcripts");

    /// <summary>Skips the test, visibly, where the shared corpora are absent.</summary>
    public static string Shared(params string[] path)
    {
        string full = Path.Combine([Root, "..", "shared", .. path]);
        Assert.SkipUnless(Path.Exists(full), $"../shared/{string.Join('/', path)} is absent");
        return full;
    }

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "FastMlx.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("The tests run outside of the repository");
    }
}
