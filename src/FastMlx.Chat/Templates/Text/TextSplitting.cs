namespace FastMlx.Chat.Templates;

/// <summary>split(), rsplit(), splitlines(), partition().</summary>
internal static class TextSplitting
{
    public static ListValue On(StringValue value, string separator, long most, bool fromRight, Budget budget)
    {
        if (separator.Length == 0)
            throw TemplateException.Value("empty separator");
        string text = value.Text;
        var parts = new List<Value>();
        budget.Charge(1 + text.Length / 32);
        if (fromRight)
        {
            int end = text.Length;
            while (most < 0 || parts.Count < most)
            {
                int at = end == 0 ? -1 : text.LastIndexOf(separator, end - 1, StringComparison.Ordinal);
                if (at < 0)
                    break;
                budget.Charge();
                parts.Add(value.Slice(at + separator.Length, end));
                end = at;
            }

            parts.Add(value.Slice(0, end));
            parts.Reverse();
            return new ListValue(parts);
        }

        int start = 0;
        while (most < 0 || parts.Count < most)
        {
            int at = text.IndexOf(separator, start, StringComparison.Ordinal);
            if (at < 0)
                break;
            budget.Charge();
            parts.Add(value.Slice(start, at));
            start = at + separator.Length;
        }

        parts.Add(value.Slice(start, text.Length));
        return new ListValue(parts);
    }

    public static ListValue OnSpace(StringValue value, long most, bool fromRight, Budget budget)
    {
        string text = value.Text;
        var parts = new List<Value>();
        budget.Charge(1 + text.Length / 32);
        if (fromRight)
            SplitFromRight(value, most, parts);
        int at = 0;
        while (!fromRight)
        {
            while (at < text.Length && PythonCharacters.IsSpace(text[at]))
                at++;
            if (at >= text.Length)
                break;
            if (most >= 0 && parts.Count >= most)
            {
                parts.Add(value.Slice(at, text.Length));
                break;
            }

            int start = at;
            while (at < text.Length && !PythonCharacters.IsSpace(text[at]))
                at++;
            budget.Charge();
            parts.Add(value.Slice(start, at));
        }

        return new ListValue(parts);
    }

    public static ListValue Lines(StringValue value, bool keepEnds, Budget budget)
    {
        string text = value.Text;
        var lines = new List<Value>();
        budget.Charge(1 + text.Length / 32);
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            if (!PythonCharacters.IsLineBreak(text[i]))
                continue;
            int next = text[i] == '\r' && i + 1 < text.Length && text[i + 1] == '\n' ? i + 2 : i + 1;
            budget.Charge();
            lines.Add(value.Slice(start, keepEnds ? next : i));
            start = next;
            i = next - 1;
        }

        if (start < text.Length)
            lines.Add(value.Slice(start, text.Length));
        return new ListValue(lines);
    }

    public static TupleValue Partition(StringValue value, StringValue separator, bool fromRight)
    {
        if (separator.Text.Length == 0)
            throw TemplateException.Value("empty separator");
        int at = fromRight
            ? value.Text.LastIndexOf(separator.Text, StringComparison.Ordinal)
            : value.Text.IndexOf(separator.Text, StringComparison.Ordinal);
        if (at < 0)
        {
            return fromRight
                ? new TupleValue([StringValue.Empty, StringValue.Empty, value])
                : new TupleValue([value, StringValue.Empty, StringValue.Empty]);
        }

        int after = at + separator.Text.Length;
        return new TupleValue([value.Slice(0, at), value.Slice(at, after), value.Slice(after, value.Text.Length)]);
    }

    private static void SplitFromRight(StringValue value, long most, List<Value> parts)
    {
        string text = value.Text;
        int at = text.Length;
        while (true)
        {
            while (at > 0 && PythonCharacters.IsSpace(text[at - 1]))
                at--;
            if (at == 0)
                break;
            if (most >= 0 && parts.Count >= most)
            {
                parts.Add(value.Slice(0, at));
                break;
            }

            int end = at;
            while (at > 0 && !PythonCharacters.IsSpace(text[at - 1]))
                at--;
            parts.Add(value.Slice(at, end));
        }

        parts.Reverse();
    }
}
