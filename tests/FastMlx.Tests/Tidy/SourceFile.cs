namespace FastMlx.Tests.Tidy;

/// <summary>A source file of the repository; names are relative, with forward slashes.</summary>
internal sealed record SourceFile(string Name, string[] Lines)
{
    private static readonly string[] Folders = ["src", "native", "tests", "perf"];
    private static readonly string[] Endings = [".cs", ".cpp", ".h", ".inc"];
    private static readonly Lazy<SourceFile[]> Files = new(ReadAll);

    public static IReadOnlyList<SourceFile> All => Files.Value;

    public IEnumerable<(int Number, string Text, string Code)> Numbered =>
        Lines.Select((text, index) => (index + 1, text, WithoutComment(text)));

    public static IEnumerable<SourceFile> In(string folder) =>
        All.Where(f => f.Name.StartsWith(folder + "/", StringComparison.Ordinal) && f.Name.EndsWith(".cs", StringComparison.Ordinal));

    public string At(int line, string error) => $"{Name}:{line}: error: {error}";

    private static string WithoutComment(string text)
    {
        int comment = text.IndexOf("//", StringComparison.Ordinal);
        return comment < 0 ? text : text[..comment];
    }

    private static SourceFile[] ReadAll() =>
    [
        .. from folder in Folders
           let root = Path.Combine(Repository.Root, folder)
           where Directory.Exists(root)
           from path in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
           where Endings.Contains(Path.GetExtension(path))
           let name = Path.GetRelativePath(Repository.Root, path).Replace('\\', '/')
           where !name.Contains("/bin/", StringComparison.Ordinal) && !name.Contains("/obj/", StringComparison.Ordinal)
           where !name.EndsWith(".g.cs", StringComparison.Ordinal)
           orderby name
           select new SourceFile(name, File.ReadAllLines(path)),
    ];
}
