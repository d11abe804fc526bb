namespace FastMlx.Chat.Templates;

/// <summary>find(), count(), startswith() and their kin, with Python's start and end.</summary>
internal static class TextSearch
{
    // bound: what is sought, start, end.
    public static IntegerValue Find(StringValue value, Value[] bound, bool last, bool required)
    {
        string wanted = Wanted(bound[0]);
        int at = -1;
        if (TryRange(value, bound, out int start, out int end) && end - start >= wanted.Length)
        {
            ReadOnlySpan<char> text = value.Text.AsSpan(start, end - start);
            at = last
                ? text.LastIndexOf(wanted, StringComparison.Ordinal)
                : text.IndexOf(wanted, StringComparison.Ordinal);
        }

        if (at < 0 && required)
            throw TemplateException.Value("substring not found");
        return IntegerValue.Of(at < 0 ? -1 : value.IndexOf(start + at));
    }

    public static IntegerValue Count(StringValue value, Value[] bound)
    {
        string wanted = Wanted(bound[0]);
        if (!TryRange(value, bound, out int start, out int end))
            return IntegerValue.Of(0);
        if (wanted.Length == 0)
            return IntegerValue.Of(value.IndexOf(end) - value.IndexOf(start) + 1);
        int count = 0;
        for (int at = start; at + wanted.Length <= end;)
        {
            int found = value.Text.AsSpan(at, end - at).IndexOf(wanted, StringComparison.Ordinal);
            if (found < 0)
                break;
            count++;
            at += found + wanted.Length;
        }

        return IntegerValue.Of(count);
    }

    public static BooleanValue Affix(StringValue value, Value[] bound, string method, bool atStart)
    {
        bool inRange = TryRange(value, bound, out int start, out int end);
        IReadOnlyList<Value> candidates = bound[0] is TupleValue tuple ? tuple.Items : [bound[0]];
        foreach (Value candidate in candidates)
        {
            if (candidate is not StringValue affix)
            {
                throw TemplateException.Type(
                    $"{method} first arg must be str or a tuple of str, not {candidate.TypeName}");
            }

            if (!inRange)
                continue;
            ReadOnlySpan<char> text = value.Text.AsSpan(start, end - start);
            if (atStart ? text.StartsWith(affix.Text, StringComparison.Ordinal)
                : text.EndsWith(affix.Text, StringComparison.Ordinal))
                return BooleanValue.True;
        }

        return BooleanValue.False;
    }

    private static string Wanted(Value value) => value is StringValue text
        ? text.Text
        : throw TemplateException.Type($"must be str, not {value.TypeName}");

    /// <summary>UTF-16 bounds; false where the start lies behind the end: there not even "" is found.</summary>
    private static bool TryRange(StringValue value, Value[] bound, out int start, out int end)
    {
        long first = Place(bound[1], 0, value.Length);
        long last = Place(bound[2], value.Length, value.Length);
        start = end = 0;
        if (first > last || first > value.Length)
            return false;
        start = value.OffsetOf((int)first);
        end = value.OffsetOf((int)last);
        return true;
    }

    private static long Place(Value? place, long otherwise, int length)
    {
        if (place is null or NoneValue)
            return otherwise;
        long index = Numbers.RequireIndex(place, "slice indices");
        if (index < 0)
            return Math.Max(0, index + length);
        return otherwise == 0 ? index : Math.Min(index, length);
    }
}
