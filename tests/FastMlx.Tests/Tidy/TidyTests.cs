using Xunit;

namespace FastMlx.Tests.Tidy;

/// <summary>The habits of the project as a program. Each failure prints path:line: error: what.</summary>
public sealed class TidyTests
{
    private const int FileLinesMost = 500;
    private const int FunctionLinesMost = 70;
    private const int ColumnsMost = 120;
    private const int ColumnsMostInTests = 160;

    [Fact]
    public void Files_AreShort() => AssertNone(
        from file in SourceFile.All
        where file.Lines.Length > FileLinesMost
        select file.At(0, $"{file.Lines.Length} lines, at most {FileLinesMost}: split it"));

    [Fact]
    public void Functions_AreShort() => AssertNone(
        from file in SourceFile.All
        where !Allowed.LongFunctions.Contains(file.Name)
        from function in FunctionScanner.Scan(file)
        where function.Lines > FunctionLinesMost
        select file.At(function.Line, $"{function.Lines} lines in a function, at most {FunctionLinesMost}"));

    [Fact]
    public void Lines_AreNarrow() => AssertNone(
        from file in SourceFile.All
        from line in file.Numbered
        let most = file.Name.StartsWith("tests/", StringComparison.Ordinal) ? ColumnsMostInTests : ColumnsMost
        where line.Text.Length > most && !line.Text.Contains("http", StringComparison.Ordinal)
            && !Allowed.WideFiles.Contains(file.Name)
        select file.At(line.Number, $"{line.Text.Length} columns, at most {most}"));

    [Fact]
    public void ControlCharacters_AreEscaped() => AssertNone(
        from file in SourceFile.All
        from line in file.Numbered
        where line.Text.Any(c => char.IsControl(c) && c != '\t')
        select file.At(line.Number, "a raw control character"));

    [Fact]
    public void Todos_NameAnIssue() => AssertNone(
        from file in SourceFile.All
        from line in file.Numbered
        where line.Text.Contains("TO" + "DO", StringComparison.Ordinal) && !line.Text.Contains('#')
        select file.At(line.Number, "a TO" + "DO without an issue's number"));

    [Fact]
    public void Console_IsTheExecutablesAlone() => AssertNone(
        from file in SourceFile.In("src")
        where !file.Name.StartsWith("src/FastMlx/", StringComparison.Ordinal)
        from line in file.Numbered
        where line.Code.Contains("Console.", StringComparison.Ordinal)
        select file.At(line.Number, "Console outside the executable"));

    [Fact]
    public void Environment_IsReadInOnePlace() => AssertNone(
        from file in SourceFile.In("src")
        where file.Name != "src/FastMlx/Configuration/ServerOptionsLoader.cs"
        from line in file.Numbered
        where line.Code.Contains("GetEnvironmentVariable", StringComparison.Ordinal)
        select file.At(line.Number, "the environment is read by ServerOptionsLoader only"));

    [Fact]
    public void Rooms_KnowOnlyTheirNeighbours() => AssertNone(
        from file in SourceFile.In("src")
        let room = file.Name.Split('/')[1]
        from line in file.Numbered
        where line.Text.StartsWith("using FastMlx.", StringComparison.Ordinal)
        let other = string.Join('.', line.Text["using ".Length..].TrimEnd(';').Split('.').Take(2))
        where room != "FastMlx" && other != room && !Allowed.Neighbours(room).Contains(other)
        select file.At(line.Number, $"{room} must not know {other}"));

    [Fact]
    public void UnsafeCode_IsInNativeOnly() => AssertNone(
        from file in SourceFile.In("src")
        where !file.Name.StartsWith("src/FastMlx.Native/", StringComparison.Ordinal)
        from line in file.Numbered
        where line.Code.Contains("unsafe ", StringComparison.Ordinal)
            || line.Code.Contains("[DllImport", StringComparison.Ordinal)
            || line.Code.Contains("[LibraryImport", StringComparison.Ordinal)
        select file.At(line.Number, "unsafe code and imports belong to FastMlx.Native"));

    [Fact]
    public void EachSourceFile_BelongsToAProject() => AssertNone(
        from file in SourceFile.All
        where file.Name.EndsWith(".cs", StringComparison.Ordinal)
        let folder = Path.Combine(Repository.Root, string.Join('/', file.Name.Split('/').Take(2)))
        where Directory.GetFiles(folder, "*.csproj").Length == 0
        select file.At(0, "in no project"));

    private static void AssertNone(IEnumerable<string> errors) =>
        Assert.True(!errors.Any(), "\n" + string.Join('\n', errors.Take(50)));
}
