using System.Text;

namespace FastMlx.Chat.Templates;

/// <summary>The wordwrap filter: Python's textwrap, line by line.</summary>
internal static class WordWrap
{
    public static Value Apply(Evaluation run, Value[] a)
    {
        StringValue text = FilterArguments.StrictText(a[0]);
        int width = (int)Math.Clamp(FilterArguments.Count(a[1], 79), 0, 1 << 20);
        if (width == 0)
            throw TemplateException.Value($"invalid width {width} (must be > 0)");
        bool breakLong = FilterArguments.Flag(a[2], run, true);
        string newline = a[3] is null or NoneValue ? "\n" : FilterArguments.StrictText(a[3]).Text;
        bool hyphens = FilterArguments.Flag(a[4], run, true);
        var lines = new List<string>();
        foreach (Value line in TextSplitting.Lines(text, false, run.Budget).Items)
        {
            run.Budget.ChargeText(((StringValue)line).Text.Length, 0);
            lines.Add(string.Join(newline, Wrap(((StringValue)line).Text, width, breakLong, hyphens)));
        }

        return text.WithText(string.Join(newline, lines));
    }

    private static List<string> Wrap(string line, int width, bool breakLong, bool hyphens)
    {
        var chunks = new Stack<string>(Chunks(line, hyphens).AsEnumerable().Reverse());
        var lines = new List<string>();
        while (chunks.Count > 0)
        {
            var current = new List<string>();
            int length = 0;
            if (chunks.Peek().Trim().Length == 0 && lines.Count > 0)
                chunks.Pop();
            while (chunks.Count > 0 && length + chunks.Peek().Length <= width)
            {
                length += chunks.Peek().Length;
                current.Add(chunks.Pop());
            }

            if (chunks.Count > 0 && chunks.Peek().Length > width)
                BreakLong(chunks, current, width - length, breakLong, hyphens);
            if (current.Count > 0 && current[^1].Trim().Length == 0)
                current.RemoveAt(current.Count - 1);
            if (current.Count > 0)
                lines.Add(string.Concat(current));
        }

        return lines;
    }

    private static void BreakLong(Stack<string> chunks, List<string> current, int space, bool breakLong, bool hyphens)
    {
        string chunk = chunks.Pop();
        space = Math.Max(space, 1);
        if (!breakLong)
        {
            if (current.Count == 0)
                current.Add(chunk);
            else
                chunks.Push(chunk);
            return;
        }

        int end = space;
        if (hyphens && chunk.Length > space)
        {
            int hyphen = chunk.LastIndexOf('-', space - 1);
            if (hyphen > 0 && chunk[..hyphen].Any(c => c != '-'))
                end = hyphen + 1;
        }

        current.Add(chunk[..end]);
        chunks.Push(chunk[end..]);
    }

    private static List<string> Chunks(string line, bool hyphens)
    {
        var chunks = new List<string>();
        var chunk = new StringBuilder();
        for (int i = 0; i < line.Length; i++)
        {
            bool space = char.IsWhiteSpace(line[i]);
            if (chunk.Length > 0 && char.IsWhiteSpace(chunk[^1]) != space)
                Flush();
            chunk.Append(line[i]);
            bool hyphen = hyphens && line[i] == '-' && i >= 2 && char.IsLetter(line[i - 1])
                && char.IsLetter(line[i - 2]) && i + 2 < line.Length && char.IsLetter(line[i + 1])
                && char.IsLetter(line[i + 2]);
            if (hyphen)
                Flush();
        }

        Flush();
        return chunks;

        void Flush()
        {
            if (chunk.Length > 0)
                chunks.Add(chunk.ToString());
            chunk.Clear();
        }
    }
}
