namespace FastMlx.Tests.Api;

/// <summary>A heading of a transcript file and the fenced blocks below it.</summary>
internal sealed record TranscriptCase(string Name, string Info, IReadOnlyList<string> Blocks)
{
    /// <summary>For maintainers: writes what the code answers into the files, to be read before it is committed.</summary>
    private static bool Rewrite => false;

    private const string Fence = "```";

    /// <summary>Runs every case of a file: the first block is given, the rest must come out. One failure names them all.</summary>
    public static void Run(string file, Func<TranscriptCase, IReadOnlyList<string>> answer)
    {
        string path = ApiFiles.Transcript(file);
        string[] lines = File.ReadAllLines(path);
        List<TranscriptCase> cases = Parse(lines);
        var failures = new List<string>();
        var answers = new Dictionary<string, IReadOnlyList<string>>();
        foreach (TranscriptCase item in cases)
        {
            IReadOnlyList<string> actual = [.. answer(item).Select(text => text.TrimEnd('\n'))];
            answers.Add(item.Name, actual);
            if (!actual.SequenceEqual(item.Blocks.Skip(1)))
                failures.Add($"## {item.Name}\n{string.Join("\n---\n", actual)}");
        }
        if (Rewrite)
            File.WriteAllText(path, Text(lines, cases, answers));
        Xunit.Assert.True(cases.Count > 0, "no cases in " + file);
        Xunit.Assert.True(failures.Count == 0, $"{failures.Count} of {cases.Count} cases of {file}:\n{string.Join("\n\n", failures)}");
    }

    private static List<TranscriptCase> Parse(string[] lines)
    {
        var cases = new List<TranscriptCase>();
        string? name = null;
        string info = "";
        var blocks = new List<string>();
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith("## ", StringComparison.Ordinal))
            {
                Add();
                name = lines[i][3..];
                blocks = [];
            }
            else if (name is not null && lines[i].StartsWith(Fence, StringComparison.Ordinal))
            {
                info = blocks.Count == 0 ? lines[i][Fence.Length..] : info;
                int end = Array.IndexOf(lines, Fence, i + 1);
                blocks.Add(string.Join('\n', lines[(i + 1)..end]));
                i = end;
            }
        }
        Add();
        return cases;

        void Add()
        {
            if (name is not null)
                cases.Add(new TranscriptCase(name, info, blocks));
        }
    }

    private static string Text(string[] lines, List<TranscriptCase> cases, Dictionary<string, IReadOnlyList<string>> answers)
    {
        string head = string.Concat(lines.TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal)).Select(line => line + "\n"));
        var text = new System.Text.StringBuilder(head);
        foreach (TranscriptCase item in cases)
        {
            text.Append($"## {item.Name}\n\n{Fence}{item.Info}\n{item.Blocks[0]}\n{Fence}\n");
            foreach (string block in answers[item.Name])
                text.Append($"{Fence}\n{block}\n{Fence}\n");
            text.Append('\n');
        }
        return text.ToString().TrimEnd('\n') + "\n";
    }
}
