using System.Numerics;

namespace FastMlx.Chat.Templates;

/// <summary>Python's == and hashing.</summary>
internal static class Equality
{
    public static bool AreEqual(Value left, Value right, Budget budget)
    {
        if (ReferenceEquals(left, right))
            return left is not FloatValue { Number: double.NaN };
        budget.Charge();
        switch (left, right)
        {
            case (StringValue a, StringValue b):
                budget.Charge(a.Text.Length / 64);
                return a.Text == b.Text;
            case (ListValue a, ListValue b):
                return Nested(a.Items, b.Items, budget);
            case (TupleValue a, TupleValue b):
                return Nested(a.Items, b.Items, budget);
            case (DictionaryValue a, DictionaryValue b):
                return DictionariesEqual(a, b, budget);
            case (RangeValue a, RangeValue b):
                return a.Count == b.Count
                    && (a.Count == 0 || (a.Start == b.Start && (a.Count == 1 || a.Step == b.Step)));
            case (UndefinedValue, UndefinedValue):
                return true;
            default:
                return NumbersEqual(left, right);
        }
    }

    public static bool AllEqual(IReadOnlyList<Value> left, IReadOnlyList<Value> right, Budget budget)
    {
        if (left.Count != right.Count)
            return false;
        for (int i = 0; i < left.Count; i++)
        {
            if (!AreEqual(left[i], right[i], budget))
                return false;
        }

        return true;
    }

    /// <summary>Equality of dictionary keys; only hashable values come here, so nothing is nested deeply.</summary>
    public static bool KeysEqual(Value left, Value right)
    {
        if (left is StringValue a && right is StringValue b)
            return a.Text == b.Text;
        if (left is TupleValue c && right is TupleValue d)
        {
            if (c.Items.Length != d.Items.Length)
                return false;
            for (int i = 0; i < c.Items.Length; i++)
            {
                if (!KeysEqual(c.Items[i], d.Items[i]))
                    return false;
            }

            return true;
        }

        return ReferenceEquals(left, right) || (left is UndefinedValue && right is UndefinedValue)
            || NumbersEqual(left, right);
    }

    public static int HashOf(Value key)
    {
        switch (key)
        {
            case StringValue text:
                return text.Text.GetHashCode(StringComparison.Ordinal);
            case BooleanValue boolean:
                return boolean.Value ? 1.GetHashCode() : 0.GetHashCode();
            case IntegerValue { Big: null } integer:
                return integer.Small.GetHashCode();
            case IntegerValue integer:
                return integer.Number.GetHashCode();
            case FloatValue number:
                bool whole = Math.Abs(number.Number) < long.MaxValue && Math.Floor(number.Number) == number.Number;
                return whole ? ((long)number.Number).GetHashCode() : number.Number.GetHashCode();
            case TupleValue tuple:
                var hash = new HashCode();
                foreach (Value item in tuple.Items)
                    hash.Add(HashOf(item));
                return hash.ToHashCode();
            case UndefinedValue:
                return 17;
            default:
                return key.GetHashCode();
        }
    }

    public static void RequireHashable(Value key)
    {
        switch (key)
        {
            case ListValue or DictionaryValue or DictionaryView { Kind: not DictionaryViewKind.Values }:
                throw TemplateException.Type($"unhashable type: '{key.TypeName}'");
            case TupleValue tuple:
                foreach (Value item in tuple.Items)
                    RequireHashable(item);
                break;
        }
    }

    private static bool Nested(IReadOnlyList<Value> left, IReadOnlyList<Value> right, Budget budget)
    {
        budget.EnterData();
        bool equal = AllEqual(left, right, budget);
        budget.LeaveData();
        return equal;
    }

    private static bool DictionariesEqual(DictionaryValue left, DictionaryValue right, Budget budget)
    {
        if (left.Length != right.Length)
            return false;
        budget.EnterData();
        bool equal = true;
        foreach ((Value key, Value item) in left.Entries)
        {
            equal = right.TryGet(key, out Value other) && AreEqual(item, other, budget);
            if (!equal)
                break;
        }

        budget.LeaveData();
        return equal;
    }

    private static bool NumbersEqual(Value left, Value right)
    {
        if (!Numbers.TryGet(left, out Number a) || !Numbers.TryGet(right, out Number b))
            return false;
        if (a.IsFloat && b.IsFloat)
            return a.Float == b.Float;
        if (!a.IsFloat && !b.IsFloat)
            return a.Integer == b.Integer;
        (double real, BigInteger whole) = a.IsFloat ? (a.Float, b.Integer) : (b.Float, a.Integer);
        return double.IsFinite(real) && Math.Floor(real) == real && new BigInteger(real) == whole;
    }
}
