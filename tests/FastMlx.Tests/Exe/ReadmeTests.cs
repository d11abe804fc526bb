using FastMlx.Configuration;
using Xunit;

namespace FastMlx.Tests.Exe;

public sealed class ReadmeTests
{
    private const string Begin = "<!-- settings -->\n";
    private const string End = "<!-- /settings -->";

    [Fact]
    public void ConfigurationTable_IsTheProgramsOwn()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        int begin = readme.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = readme.IndexOf(End, StringComparison.Ordinal);
        Assert.Equal(Table(), readme[begin..end]);
    }

    private static string Table() =>
        "| variable | flag | default | meaning |\n|---|---|---|---|\n" + string.Concat(Settings.All.Select(Row));

    private static string Row(Setting s)
    {
        string flag = s.Flag.Length > 0 ? $"`{s.Flag}`" : "";
        return $"| {s.Name} | {flag} | {s.Default} | {s.Meaning} It is {s.Allowed}. |\n";
    }
}
