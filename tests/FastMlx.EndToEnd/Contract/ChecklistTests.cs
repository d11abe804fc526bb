using System.Reflection;
using System.Text.RegularExpressions;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Each line of the specs' checklists has its test: see checklist.md beside this file.</summary>
public sealed partial class ChecklistTests
{
    private static readonly (string Line, string[] Tests)[] Rows = [.. File
        .ReadLines(Path.Combine(Root, "tests/FastMlx.EndToEnd/Contract/checklist.md"))
        .Select(line => Row().Match(line)).Where(match => match.Success)
        .Select(match => (match.Groups[1].Value, match.Groups[2].Value.Split(", ")))];

    private static string Root
    {
        get
        {
            string folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "FastMlx.sln")))
                folder = Path.GetDirectoryName(folder)!;
            return folder;
        }
    }

    [Fact]
    public void EveryLine_HasATest()
    {
        string[] wanted =
        [
            .. Enumerable.Range(1, 18).Select(i => $"22.{i}"),
            .. Enumerable.Range(1, 12).Select(i => $"12.must.{i}"),
            .. Enumerable.Range(1, 11).Select(i => $"12.should.{i}"),
        ];
        Assert.Equal(wanted.Order(), Rows.Select(row => row.Line).Distinct().Order());
    }

    [Fact]
    public void EveryTest_IsThere_AndRuns()
    {
        Dictionary<string, MethodInfo> methods = typeof(ChecklistTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
            .Where(method => method.GetCustomAttribute<FactAttribute>() is { Skip: null, Explicit: false })
            .ToDictionary(method => $"{method.DeclaringType!.Name}.{method.Name}");
        Assert.Empty(Rows.SelectMany(row => row.Tests).Where(test => !methods.ContainsKey(test)));
    }

    [Fact]
    public void Specs_HaveAsManyLinesAsTheTable()
    {
        string specs = Path.Combine(Root, "../shared/specs");
        Assert.SkipUnless(Directory.Exists(specs), "../shared/specs is not here");
        string contract = File.ReadAllText(Path.Combine(specs, "anthropic-messages-api.md"));
        string checklist = contract[contract.IndexOf("## 22. Acceptance checklist", StringComparison.Ordinal)..];
        Assert.Equal(18, Box().Count(checklist));
        string client = File.ReadAllText(Path.Combine(specs, "claude-code-client.md"));
        string needs = client[client.IndexOf("## 12. Must", StringComparison.Ordinal)..client.IndexOf("**Nice**", StringComparison.Ordinal)];
        Assert.Equal(12 + 11, Numbered().Count(needs));
    }

    [GeneratedRegex(@"^\| ((?:22|12)\.\S+) \| [^|]+ \| ([^|]+) \|$")]
    private static partial Regex Row();

    [GeneratedRegex(@"^\* \[.\] ", RegexOptions.Multiline)]
    private static partial Regex Box();

    [GeneratedRegex(@"^\d+\. ", RegexOptions.Multiline)]
    private static partial Regex Numbered();
}
