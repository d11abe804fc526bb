using Xunit;

namespace FastMlx.Tests.Api;

/// <summary>Files that the tests of this room read.</summary>
internal static class ApiFiles
{
    public static string Transcript(string name) => Path.Combine(Repository.Root, "tests", "transcripts", name);

    /// <summary>Skips the test, visibly, where the shared corpora are absent.</summary>
    public static string Shared(params string[] path)
    {
        string full = Path.Combine([Repository.Shared ?? "", .. path]);
        Assert.SkipUnless(Repository.Shared is not null && Path.Exists(full), $"../shared/{string.Join('/', path)} is absent");
        return full;
    }
}
