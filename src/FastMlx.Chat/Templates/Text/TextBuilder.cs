using System.Text;

namespace FastMlx.Chat.Templates;

/// <summary>Builds a string whose characters remember where they came from. One owner, one rendering.</summary>
internal sealed class TextBuilder(Budget budget)
{
    private readonly StringBuilder _text = new();
    private readonly List<int> _marks = [];

    public int Length => _text.Length;

    public void Append(StringValue value)
    {
        Charge(value.Text.Length);
        AddMarks(value.Marks, _text.Length, 0, value.Text.Length);
        _text.Append(value.Text);
    }

    /// <summary>Appends characters [start, end) of a string.</summary>
    public void Append(StringValue value, int start, int end)
    {
        if (end <= start)
            return;
        Charge(end - start);
        AddMarks(value.Marks, _text.Length - start, start, end);
        _text.Append(value.Text, start, end - start);
    }

    public void Append(ReadOnlySpan<char> text, int origin = TextOrigin.Template)
    {
        if (text.Length == 0)
            return;
        Charge(text.Length);
        if (origin != TextOrigin.Template)
            AddMark(_text.Length, _text.Length + text.Length, origin);
        _text.Append(text);
    }

    public void Append(char character, int origin = TextOrigin.Template) => Append([character], origin);

    public void Fill(char character, int count)
    {
        if (count <= 0)
            return;
        Charge(count);
        _text.Append(character, count);
    }

    public StringValue ToValue(bool isMarkup = false) =>
        new(_text.ToString(), _marks.Count == 0 ? null : [.. _marks], isMarkup);

    public RenderedText ToRendered()
    {
        var spans = new TextSpan[_marks.Count / 3];
        for (int i = 0; i < spans.Length; i++)
            spans[i] = new TextSpan(_marks[3 * i], _marks[3 * i + 1] - _marks[3 * i], _marks[3 * i + 2]);
        return new RenderedText(_text.ToString(), spans);
    }

    private void Charge(int length) => budget.ChargeText(length, (long)_text.Length + length);

    private void AddMarks(int[]? marks, int offset, int start, int end)
    {
        for (int i = 0; marks is not null && i < marks.Length; i += 3)
        {
            if (marks[i] >= end || marks[i + 1] <= start)
                continue;
            AddMark(Math.Max(marks[i], start) + offset, Math.Min(marks[i + 1], end) + offset, marks[i + 2]);
        }
    }

    private void AddMark(int start, int end, int origin)
    {
        int last = _marks.Count;
        if (last > 0 && _marks[last - 1] == origin && _marks[last - 2] == start)
        {
            _marks[last - 2] = end;
            return;
        }

        _marks.Add(start);
        _marks.Add(end);
        _marks.Add(origin);
    }
}
