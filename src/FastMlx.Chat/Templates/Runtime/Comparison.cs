using System.Numerics;

namespace FastMlx.Chat.Templates;

/// <summary>Python's ordering, `in`, and the stable sort that both rest on.</summary>
internal static class Comparison
{
    /// <summary>Left &lt;, ==, &gt; right as a sign; <paramref name="symbol"/> is for the message.</summary>
    public static int Compare(Value left, Value right, string symbol, Budget budget)
    {
        budget.Charge();
        if (left is UndefinedValue undefined)
            throw undefined.Error();
        if (right is UndefinedValue other)
            throw other.Error();
        switch (left, right)
        {
            case (StringValue a, StringValue b):
                return CompareText(a.Text, b.Text);
            case (ListValue a, ListValue b):
                return CompareSequences(a.Items, b.Items, symbol, budget);
            case (TupleValue a, TupleValue b):
                return CompareSequences(a.Items, b.Items, symbol, budget);
        }

        if (Numbers.TryGet(left, out Number x) && Numbers.TryGet(right, out Number y))
            return CompareNumbers(x, y);
        throw TemplateException.Type(
            $"'{symbol}' not supported between instances of '{left.TypeName}' and '{right.TypeName}'");
    }

    /// <summary>A relation by its Python symbol: &lt;, &lt;=, &gt;, &gt;=. NaN is in no relation.</summary>
    public static bool Holds(Value left, string symbol, Value right, Budget budget)
    {
        int sign = Compare(left, right, symbol, budget);
        if (sign == Unordered)
            return false;
        return symbol switch
        {
            "<" => sign < 0,
            "<=" => sign <= 0,
            ">" => sign > 0,
            _ => sign >= 0,
        };
    }

    public static bool Contains(Value container, Value item, Budget budget)
    {
        switch (container)
        {
            case StringValue text when item is StringValue part:
                budget.Charge(text.Text.Length / 32);
                return text.Text.Contains(part.Text, StringComparison.Ordinal);
            case StringValue:
                throw TemplateException.Type(
                    $"'in <string>' requires string as left operand, not {item.TypeName}");
            case DictionaryValue dictionary:
                return dictionary.TryGet(item, out _);
            case DictionaryView { Kind: DictionaryViewKind.Keys } view:
                return view.Dictionary.TryGet(item, out _);
        }

        IEnumerable<Value> items = container.Iterate(budget)
            ?? throw TemplateException.Type($"argument of type '{container.TypeName}' is not iterable");
        foreach (Value candidate in items)
        {
            if (Equality.AreEqual(candidate, item, budget))
                return true;
        }

        return false;
    }

    /// <summary>Stable merge sort by keys, in place over both; only &lt; is used, as in Python.</summary>
    public static void Sort(List<Value> items, List<Value> keys, bool reverse, Budget budget)
    {
        if (reverse)
        {
            items.Reverse();
            keys.Reverse();
        }

        var order = new int[items.Count];
        for (int i = 0; i < order.Length; i++)
            order[i] = i;
        MergeSort(order, new int[order.Length], 0, order.Length, keys, budget);
        Value[] sorted = new Value[order.Length];
        for (int i = 0; i < order.Length; i++)
            sorted[i] = items[order[i]];
        items.Clear();
        items.AddRange(sorted);
        if (reverse)
            items.Reverse();
    }

    private const int Unordered = int.MinValue;

    private static void MergeSort(int[] order, int[] spare, int start, int end, List<Value> keys, Budget budget)
    {
        if (end - start < 2)
            return;
        int middle = (start + end) / 2;
        MergeSort(order, spare, start, middle, keys, budget);
        MergeSort(order, spare, middle, end, keys, budget);
        int left = start;
        int right = middle;
        for (int i = start; i < end; i++)
        {
            bool takeRight = left >= middle
                || (right < end && Holds(keys[order[right]], "<", keys[order[left]], budget));
            spare[i] = takeRight ? order[right++] : order[left++];
        }

        Array.Copy(spare, start, order, start, end - start);
    }

    private static int CompareSequences(
        IReadOnlyList<Value> left, IReadOnlyList<Value> right, string symbol, Budget budget)
    {
        budget.EnterData();
        for (int i = 0; i < left.Count && i < right.Count; i++)
        {
            if (!Equality.AreEqual(left[i], right[i], budget))
            {
                int sign = Compare(left[i], right[i], symbol, budget);
                budget.LeaveData();
                return sign;
            }
        }

        budget.LeaveData();
        return left.Count.CompareTo(right.Count);
    }

    private static int CompareNumbers(Number left, Number right)
    {
        if (!left.IsFloat && !right.IsFloat)
            return left.Integer.CompareTo(right.Integer);
        if ((left.IsFloat && double.IsNaN(left.Float)) || (right.IsFloat && double.IsNaN(right.Float)))
            return Unordered;
        if (left.IsFloat && right.IsFloat)
            return left.Float.CompareTo(right.Float);
        return left.IsFloat ? CompareMixed(left.Float, right.Integer) : -CompareMixed(right.Float, left.Integer);
    }

    private static int CompareMixed(double real, BigInteger whole)
    {
        if (double.IsInfinity(real))
            return real > 0 ? 1 : -1;
        double floor = Math.Floor(real);
        int sign = new BigInteger(floor).CompareTo(whole);
        return sign != 0 ? sign : real > floor ? 1 : 0;
    }

    /// <summary>By code point: a surrogate pair sorts after every character of the first plane.</summary>
    private static int CompareText(string left, string right)
    {
        int common = left.AsSpan().CommonPrefixLength(right);
        if (common == left.Length || common == right.Length)
            return left.Length.CompareTo(right.Length);
        char a = left[common];
        char b = right[common];
        if (char.IsSurrogate(a) != char.IsSurrogate(b))
            return char.IsSurrogate(a) ? 1 : -1;
        return a.CompareTo(b);
    }
}
