using System.Numerics;

namespace FastMlx.Chat.Templates;

/// <summary>Python's arithmetic operators, over numbers, strings, lists and tuples.</summary>
internal static class Arithmetic
{
    public static Value Add(Value left, Value right, Budget budget)
    {
        switch (left, right)
        {
            case (StringValue a, StringValue b):
                return Markup.Concat(a, b, budget);
            case (ListValue a, ListValue b):
                budget.Charge(a.Items.Count + b.Items.Count);
                return new ListValue([.. a.Items, .. b.Items]);
            case (TupleValue a, TupleValue b):
                budget.Charge(a.Items.Length + b.Items.Length);
                return new TupleValue([.. a.Items, .. b.Items]);
        }

        if (Numeric("+", left, right, out Number x, out Number y))
        {
            return x.IsFloat || y.IsFloat
                ? new FloatValue(x.AsDouble + y.AsDouble)
                : IntegerValue.Of(x.Integer + y.Integer);
        }

        string? sequence = left switch
        {
            StringValue => "str",
            ListValue => "list",
            TupleValue => "tuple",
            _ => null,
        };
        throw TemplateException.Type(sequence is null
            ? Unsupported("+", left, right)
            : $"can only concatenate {sequence} (not \"{right.TypeName}\") to {sequence}");
    }

    public static Value Subtract(Value left, Value right, Budget budget)
    {
        if (!Numeric("-", left, right, out Number x, out Number y))
            throw TemplateException.Type(Unsupported("-", left, right));
        return x.IsFloat || y.IsFloat
            ? new FloatValue(x.AsDouble - y.AsDouble)
            : IntegerValue.Of(x.Integer - y.Integer);
    }

    public static Value Multiply(Value left, Value right, Budget budget)
    {
        if (Numeric("*", left, right, out Number x, out Number y))
        {
            return x.IsFloat || y.IsFloat
                ? new FloatValue(x.AsDouble * y.AsDouble)
                : IntegerValue.Of(x.Integer * y.Integer);
        }

        if (right is IntegerValue or BooleanValue && left is StringValue or ListValue or TupleValue)
            return Repeat(left, Numbers.RequireIndex(right, ""), budget);
        if (left is IntegerValue or BooleanValue && right is StringValue or ListValue or TupleValue)
            return Repeat(right, Numbers.RequireIndex(left, ""), budget);
        if (left is StringValue or ListValue or TupleValue)
            throw TemplateException.Type($"can't multiply sequence by non-int of type '{right.TypeName}'");
        throw TemplateException.Type(Unsupported("*", left, right));
    }

    public static Value Divide(Value left, Value right, Budget budget)
    {
        if (!Numeric("/", left, right, out Number x, out Number y))
            throw TemplateException.Type(Unsupported("/", left, right));
        if (y.AsDouble == 0)
            throw TemplateException.Value(x.IsFloat || y.IsFloat ? "float division by zero" : "division by zero");
        return new FloatValue(x.AsDouble / y.AsDouble);
    }

    public static Value FloorDivide(Value left, Value right, Budget budget)
    {
        if (!Numeric("//", left, right, out Number x, out Number y))
            throw TemplateException.Type(Unsupported("//", left, right));
        if (x.IsFloat || y.IsFloat)
        {
            if (y.AsDouble == 0)
                throw TemplateException.Value("float floor division by zero");
            return new FloatValue(Math.Floor(x.AsDouble / y.AsDouble));
        }

        if (y.Integer.IsZero)
            throw TemplateException.Value("integer division or modulo by zero");
        BigInteger quotient = BigInteger.DivRem(x.Integer, y.Integer, out BigInteger rest);
        return IntegerValue.Of(!rest.IsZero && rest.Sign != y.Integer.Sign ? quotient - 1 : quotient);
    }

    public static Value Modulo(Value left, Value right, Budget budget)
    {
        if (left is StringValue format)
            return PercentFormat.Apply(format, right, budget);
        if (!Numeric("%", left, right, out Number x, out Number y))
            throw TemplateException.Type(Unsupported("%", left, right));
        if (x.IsFloat || y.IsFloat)
        {
            double divisor = y.AsDouble;
            if (divisor == 0)
                throw TemplateException.Value("float modulo");
            double rest = x.AsDouble % divisor;
            return new FloatValue(rest != 0 && rest < 0 != divisor < 0 ? rest + divisor : rest);
        }

        if (y.Integer.IsZero)
            throw TemplateException.Value("integer modulo by zero");
        BigInteger remainder = x.Integer % y.Integer;
        return IntegerValue.Of(!remainder.IsZero && remainder.Sign != y.Integer.Sign
            ? remainder + y.Integer
            : remainder);
    }

    public static Value Power(Value left, Value right, Budget budget)
    {
        if (!Numeric("** or pow()", left, right, out Number x, out Number y))
            throw TemplateException.Type(Unsupported("** or pow()", left, right));
        if (!x.IsFloat && !y.IsFloat && y.Integer.Sign >= 0)
            return IntegerPower(x.Integer, y.Integer, budget);
        if (x.AsDouble == 0 && y.AsDouble < 0)
            throw TemplateException.Value("0.0 cannot be raised to a negative power");
        double power = Math.Pow(x.AsDouble, y.AsDouble);
        if (double.IsNaN(power) && x.AsDouble < 0)
            throw TemplateException.Type("complex numbers are not supported");
        return new FloatValue(power);
    }

    public static Value Negate(Value value)
    {
        if (value is UndefinedValue undefined)
            throw undefined.Error();
        if (!Numbers.TryGet(value, out Number number))
            throw TemplateException.Type($"bad operand type for unary -: '{value.TypeName}'");
        return number.IsFloat ? new FloatValue(-number.Float) : IntegerValue.Of(-number.Integer);
    }

    public static Value Plus(Value value)
    {
        if (value is UndefinedValue undefined)
            throw undefined.Error();
        if (!Numbers.TryGet(value, out Number number))
            throw TemplateException.Type($"bad operand type for unary +: '{value.TypeName}'");
        return number.IsFloat ? value : IntegerValue.Of(number.Integer);
    }

    public static Value Repeat(Value sequence, long count, Budget budget)
    {
        count = Math.Max(0, count);
        if (sequence is StringValue text)
        {
            if (count > budget.Limits.OutputChars || text.Text.Length * count > budget.Limits.OutputChars)
                throw TemplateException.Limit("a repeated string is too long");
            var builder = new TextBuilder(budget);
            for (long i = 0; i < count && text.Text.Length > 0; i++)
                builder.Append(text);
            return builder.ToValue(text.IsMarkup);
        }

        IReadOnlyList<Value> items = sequence is ListValue list ? list.Items : ((TupleValue)sequence).Items;
        if (items.Count > 0 && count > budget.Limits.FuelOps / items.Count)
            throw TemplateException.Limit("a repeated list is too long");
        budget.Charge(items.Count * count);
        var repeated = new List<Value>();
        for (long i = 0; i < count && items.Count > 0; i++)
            repeated.AddRange(items);
        return sequence is ListValue ? new ListValue(repeated) : new TupleValue([.. repeated]);
    }

    private static IntegerValue IntegerPower(BigInteger number, BigInteger power, Budget budget)
    {
        if (number.IsZero || number.IsOne)
            return IntegerValue.Of(power.IsZero ? BigInteger.One : number);
        if (power > 40_000 || number.GetBitLength() * (long)power > 40_000)
            throw TemplateException.Limit("an integer became too large");
        budget.Charge((long)power);
        return IntegerValue.Of(BigInteger.Pow(number, (int)power));
    }

    private static bool Numeric(string symbol, Value left, Value right, out Number x, out Number y)
    {
        x = y = default;
        if (left is UndefinedValue undefined)
            throw undefined.Error();
        if (right is UndefinedValue other)
            throw other.Error();
        return Numbers.TryGet(left, out x) && Numbers.TryGet(right, out y);
    }

    private static string Unsupported(string symbol, Value left, Value right) =>
        $"unsupported operand type(s) for {symbol}: '{left.TypeName}' and '{right.TypeName}'";
}
