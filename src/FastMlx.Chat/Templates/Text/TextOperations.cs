namespace FastMlx.Chat.Templates;

/// <summary>String operations that keep the origins of what they move.</summary>
internal static class TextOperations
{
    /// <summary>strip(); <paramref name="characters"/> null means white space.</summary>
    public static StringValue Strip(StringValue value, string? characters, bool left, bool right)
    {
        string text = value.Text;
        int start = 0;
        int end = text.Length;
        while (left && start < end && IsStripped(text, start, characters))
            start += StringValue.UnitsAt(text, start);
        while (right && end > start)
        {
            int units = end - start >= 2 && char.IsLowSurrogate(text[end - 1]) && char.IsHighSurrogate(text[end - 2])
                ? 2
                : 1;
            if (!IsStripped(text, end - units, characters))
                break;
            end -= units;
        }

        return value.Slice(start, end);
    }

    public static StringValue Replace(StringValue value, StringValue old, StringValue with, long most, Budget budget)
    {
        string text = value.Text;
        if (most == 0 || (old.Text.Length > 0 && !text.Contains(old.Text, StringComparison.Ordinal)))
        {
            budget.Charge(text.Length / 64);
            return value;
        }

        var builder = new TextBuilder(budget);
        if (old.Text.Length == 0)
            return InsertEverywhere(value, with, most, builder);
        int copied = 0;
        for (long done = 0; most < 0 || done < most; done++)
        {
            int at = text.IndexOf(old.Text, copied, StringComparison.Ordinal);
            if (at < 0)
                break;
            builder.Append(value, copied, at);
            builder.Append(with);
            copied = at + old.Text.Length;
        }

        builder.Append(value, copied, text.Length);
        return builder.ToValue(value.IsMarkup);
    }

    /// <summary>separator.join(items): every item must be a string.</summary>
    public static StringValue Join(StringValue separator, Value items, Budget budget)
    {
        var builder = new TextBuilder(budget);
        int index = 0;
        foreach (Value item in JoinItems(items, budget))
        {
            if (item is not StringValue text)
            {
                throw TemplateException.Type(
                    $"sequence item {index}: expected str instance, {item.TypeName} found");
            }

            if (index++ > 0)
                builder.Append(separator);
            builder.Append(Markup.Accept(separator, text, budget));
        }

        return builder.ToValue(separator.IsMarkup);
    }

    public static StringValue Pad(
        StringValue value, long width, StringValue fill, bool before, bool after, Budget budget)
    {
        long missing = width - value.Length;
        if (missing <= 0)
            return value;
        // Python puts the odd character of center() on the left where the width is odd.
        long left = !before ? 0 : !after ? missing : missing / 2 + (missing & width & 1);
        if (width > budget.Limits.OutputChars)
            throw TemplateException.Limit("a padded string is too long");
        var builder = new TextBuilder(budget);
        for (long i = 0; i < left; i++)
            builder.Append(fill);
        builder.Append(value);
        for (long i = left; i < missing; i++)
            builder.Append(fill);
        return builder.ToValue(value.IsMarkup);
    }

    public static StringValue FillZeros(StringValue value, long width, Budget budget)
    {
        long missing = width - value.Length;
        if (missing <= 0)
            return value;
        if (width > budget.Limits.OutputChars)
            throw TemplateException.Limit("a padded string is too long");
        int sign = value.Text.Length > 0 && value.Text[0] is '+' or '-' ? 1 : 0;
        var builder = new TextBuilder(budget);
        builder.Append(value, 0, sign);
        builder.Fill('0', (int)missing);
        builder.Append(value, sign, value.Text.Length);
        return builder.ToValue(value.IsMarkup);
    }

    public static StringValue ExpandTabs(StringValue value, long size, Budget budget)
    {
        var builder = new TextBuilder(budget);
        size = Math.Min(size, budget.Limits.OutputChars);
        int column = 0;
        string text = value.Text;
        for (int i = 0; i < text.Length;)
        {
            int units = StringValue.UnitsAt(text, i);
            if (text[i] == '\t')
            {
                int fill = size > 0 ? (int)(size - column % size) : 0;
                builder.Fill(' ', fill);
                column += fill;
            }
            else
            {
                builder.Append(value, i, i + units);
                column = text[i] is '\n' or '\r' ? 0 : column + 1;
            }

            i += units;
        }

        return builder.ToValue(value.IsMarkup);
    }

    private static IEnumerable<Value> JoinItems(Value items, Budget budget) => items.Iterate(budget)
        ?? throw TemplateException.Type("can only join an iterable");

    private static bool IsStripped(string text, int at, string? characters)
    {
        if (characters is null)
            return PythonCharacters.IsSpace(text[at]);
        int units = StringValue.UnitsAt(text, at);
        return units == 1 ? characters.Contains(text[at])
            : characters.Contains(text.Substring(at, 2), StringComparison.Ordinal);
    }

    private static StringValue InsertEverywhere(StringValue value, StringValue with, long most, TextBuilder builder)
    {
        string text = value.Text;
        int at = 0;
        long done = 0;
        while (most < 0 || done < most)
        {
            builder.Append(with);
            done++;
            if (at >= text.Length)
                break;
            int units = StringValue.UnitsAt(text, at);
            builder.Append(value, at, at + units);
            at += units;
        }

        builder.Append(value, at, text.Length);
        return builder.ToValue(value.IsMarkup);
    }
}
