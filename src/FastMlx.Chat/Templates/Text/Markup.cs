namespace FastMlx.Chat.Templates;

/// <summary>markupsafe's rules for strings that count as escaped: what joins them is escaped first.</summary>
internal static class Markup
{
    public static StringValue Concat(StringValue left, StringValue right, Budget budget)
    {
        if (left.IsMarkup != right.IsMarkup)
        {
            left = left.IsMarkup ? left : Escape(left, budget);
            right = right.IsMarkup ? right : Escape(right, budget);
        }

        if (right.Text.Length == 0)
            return left;
        if (left.Text.Length == 0)
            return right;
        long length = (long)left.Text.Length + right.Text.Length;
        budget.ChargeText(length, length);
        return new StringValue(
            left.Text + right.Text, Marks.Concat(left.Marks, left.Text.Length, right.Marks), left.IsMarkup);
    }

    /// <summary>An argument of a method of a markup string.</summary>
    public static StringValue Accept(StringValue owner, StringValue argument, Budget budget) =>
        owner.IsMarkup && !argument.IsMarkup ? Escape(argument, budget) : argument;

    public static StringValue Escape(StringValue value, Budget budget)
    {
        if (value.IsMarkup)
            return value;
        if (value.Text.AsSpan().IndexOfAny("&<>\"'") < 0)
            return value.AsMarkup();
        var builder = new TextBuilder(budget);
        int copied = 0;
        for (int i = 0; i < value.Text.Length; i++)
        {
            string? entity = value.Text[i] switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&#34;",
                '\'' => "&#39;",
                _ => null,
            };
            if (entity is null)
                continue;
            builder.Append(value, copied, i);
            builder.Append(entity, Marks.FirstOrigin(Marks.Slice(value.Marks, i, i + 1)));
            copied = i + 1;
        }

        builder.Append(value, copied, value.Text.Length);
        return builder.ToValue(isMarkup: true);
    }
}
