namespace FastMlx.Chat.Templates;

/// <summary>
/// Python's str. Held as UTF-16, counted and indexed by code point. <see cref="Marks"/> says which characters came
/// from the request. Markup is markupsafe's string that counts as escaped (the `safe` filter makes it).
/// </summary>
internal sealed class StringValue(string text, int[]? marks = null, bool isMarkup = false) : Value
{
    public static readonly StringValue Empty = new("");

    private int _codePoints = -1;

    public string Text { get; } = text;

    public int[]? Marks { get; } = marks;

    public bool IsMarkup { get; } = isMarkup;

    public override string TypeName => IsMarkup ? "Markup" : "str";

    /// <summary>Every code point is one UTF-16 unit.</summary>
    public bool IsFlat => Length == Text.Length;

    public override int Length
    {
        get
        {
            if (_codePoints < 0)
                _codePoints = CountCodePoints(Text);
            return _codePoints;
        }
    }

    public override bool IsTrue(Budget budget) => Text.Length > 0;

    public static StringValue Marked(string text, int origin) =>
        new(text, Templates.Marks.Whole(text.Length, origin));

    public override IEnumerable<Value> Iterate(Budget budget)
    {
        for (int i = 0; i < Text.Length;)
        {
            int next = i + UnitsAt(Text, i);
            budget.Charge();
            // Characters of a markup string are plain, as in Python.
            yield return Slice(i, next).AsPlain();
            i = next;
        }
    }

    /// <summary>Characters [start, end), in UTF-16 units.</summary>
    public StringValue Slice(int start, int end) => start == 0 && end == Text.Length
        ? this
        : new StringValue(Text[start..end], Templates.Marks.Slice(Marks, start, end), IsMarkup);

    /// <summary>The same characters of another case or kind; marks stay where the length did, else cover all.</summary>
    public StringValue WithText(string changed)
    {
        if (ReferenceEquals(changed, Text))
            return this;
        int[]? marks = Marks is null || changed.Length == Text.Length
            ? Marks
            : Templates.Marks.Whole(changed.Length, Templates.Marks.FirstOrigin(Marks));
        return new StringValue(changed, marks, IsMarkup);
    }

    public StringValue AsPlain() => IsMarkup ? new StringValue(Text, Marks) : this;

    public StringValue AsMarkup() => IsMarkup ? this : new StringValue(Text, Marks, true);

    /// <summary>UTF-16 offset of a code point index in [0, Length].</summary>
    public int OffsetOf(int index)
    {
        if (IsFlat)
            return index;
        int offset = 0;
        for (int i = 0; i < index; i++)
            offset += UnitsAt(Text, offset);
        return offset;
    }

    /// <summary>Code point index of a UTF-16 offset.</summary>
    public int IndexOf(int offset) => IsFlat ? offset : CountCodePoints(Text.AsSpan(0, offset));

    public static int UnitsAt(string text, int offset) =>
        char.IsHighSurrogate(text[offset]) && offset + 1 < text.Length && char.IsLowSurrogate(text[offset + 1]) ? 2 : 1;

    private static int CountCodePoints(ReadOnlySpan<char> text)
    {
        int count = text.Length;
        for (int i = text.IndexOfAnyInRange('\uD800', '\uDBFF'); i >= 0 && i + 1 < text.Length;)
        {
            if (char.IsHighSurrogate(text[i]) && char.IsLowSurrogate(text[i + 1]))
            {
                count--;
                i++;
            }

            int next = text[(i + 1)..].IndexOfAnyInRange('\uD800', '\uDBFF');
            i = next < 0 ? text.Length : i + 1 + next;
        }

        return count;
    }
}
