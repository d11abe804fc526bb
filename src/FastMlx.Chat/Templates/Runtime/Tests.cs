namespace FastMlx.Chat.Templates;

/// <summary>The table of tests (`x is defined`): filters whose result is a boolean.</summary>
internal static class Tests
{
    private static readonly Signature Value = new(1, "value");
    private static readonly Signature Two = new(2, "value", "other");

    private static readonly Dictionary<string, Filter> Table = MakeTable();

    public static Filter? Find(string name) => Table.GetValueOrDefault(name);

    private static Dictionary<string, Filter> MakeTable()
    {
        var table = new Dictionary<string, Filter>();
        One("defined", (_, v) => v is not UndefinedValue);
        One("undefined", (_, v) => v is UndefinedValue);
        One("none", (_, v) => v is NoneValue);
        One("boolean", (_, v) => v is BooleanValue);
        One("true", (_, v) => ReferenceEquals(v, BooleanValue.True));
        One("false", (_, v) => ReferenceEquals(v, BooleanValue.False));
        One("integer", (_, v) => v is IntegerValue);
        One("float", (_, v) => v is FloatValue);
        One("number", (_, v) => v is IntegerValue or FloatValue or BooleanValue);
        One("string", (_, v) => v is StringValue);
        One("mapping", (_, v) => v is DictionaryValue);
        One("sequence", (_, v) => v is StringValue or ListValue or TupleValue or DictionaryValue
            or RangeValue or UndefinedValue);
        One("iterable", (run, v) => v is LoopValue || v.Iterate(run.Budget) is not null);
        One("callable", (_, v) => v.IsCallable);
        One("escaped", (_, v) => v is StringValue { IsMarkup: true });
        One("lower", (run, v) => TextTests.IsLower(PythonText.Of(v, run.Budget).Text));
        One("upper", (run, v) => TextTests.IsUpper(PythonText.Of(v, run.Budget).Text));
        One("odd", (run, v) => Remainder(run, v, IntegerValue.Of(2)) == 1);
        One("even", (run, v) => Remainder(run, v, IntegerValue.Of(2)) == 0);
        One("filter", (run, v) => v is StringValue name && Filters.Find(name.Text, run.Dialect) is not null);
        One("test", (_, v) => v is StringValue name && table.ContainsKey(name.Text));
        Pair("divisibleby", (run, a, b) => Remainder(run, a, b) == 0);
        Pair("sameas", (_, a, b) => IsSame(a, b));
        Pair("in", (run, a, b) => Comparison.Contains(b, a, run.Budget));
        Alias(["eq", "==", "equalto"], (run, a, b) => Equality.AreEqual(a, b, run.Budget));
        Alias(["ne", "!="], (run, a, b) => !Equality.AreEqual(a, b, run.Budget));
        Alias(["gt", ">", "greaterthan"], (run, a, b) => Comparison.Holds(a, ">", b, run.Budget));
        Alias(["ge", ">="], (run, a, b) => Comparison.Holds(a, ">=", b, run.Budget));
        Alias(["lt", "<", "lessthan"], (run, a, b) => Comparison.Holds(a, "<", b, run.Budget));
        Alias(["le", "<="], (run, a, b) => Comparison.Holds(a, "<=", b, run.Budget));
        return table;

        void One(string name, Func<Evaluation, Value, bool> test) =>
            table.Add(name, new Filter(name, Value, (run, a) => BooleanValue.Of(test(run, a[0]))));

        void Pair(string name, Func<Evaluation, Value, Value, bool> test) =>
            table.Add(name, new Filter(name, Two, (run, a) => BooleanValue.Of(test(run, a[0], a[1]))));

        void Alias(string[] names, Func<Evaluation, Value, Value, bool> test)
        {
            foreach (string name in names)
                Pair(name, test);
        }
    }

    private static double Remainder(Evaluation run, Value value, Value divisor)
    {
        Value rest = Arithmetic.Modulo(value, divisor, run.Budget);
        return Numbers.TryGet(rest, out Number number) ? number.AsDouble : -1;
    }

    /// <summary>`is`: the same object; small integers and equal short strings are one object in CPython.</summary>
    private static bool IsSame(Value left, Value right) => ReferenceEquals(left, right)
        || (left is StringValue a && right is StringValue b && a.Text == b.Text && a.Text.Length < 2);
}
