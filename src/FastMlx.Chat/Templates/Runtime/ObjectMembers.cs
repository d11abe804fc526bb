namespace FastMlx.Chat.Templates;

/// <summary>Attributes of the values that are neither text nor collections.</summary>
internal static class ObjectMembers
{
    public static Value? OfLoop(LoopValue loop, string name) => name switch
    {
        "index" => IntegerValue.Of(loop.Index0 + 1),
        "index0" => IntegerValue.Of(loop.Index0),
        "first" => BooleanValue.Of(loop.Index0 == 0),
        "last" => BooleanValue.Of(loop.IsLast),
        "length" => IntegerValue.Of(loop.Length),
        "revindex" => IntegerValue.Of(loop.Length - loop.Index0),
        "revindex0" => IntegerValue.Of(loop.Length - loop.Index0 - 1),
        "previtem" => loop.Previous,
        "nextitem" => loop.Next,
        "depth" => IntegerValue.Of(loop.Depth0 + 1),
        "depth0" => IntegerValue.Of(loop.Depth0),
        "cycle" => new FunctionValue("cycle", (_, arguments) => arguments.Positional.Length == 0
            ? throw TemplateException.Type("no items for cycling given")
            : arguments.Positional[loop.Index0 % arguments.Positional.Length]),
        "changed" => new FunctionValue(
            "changed", (_, arguments) => BooleanValue.Of(loop.HasChanged(arguments.Positional))),
        _ => null,
    };

    public static Value? Find(Value owner, string name) => (owner, name) switch
    {
        (CyclerValue cycler, "next") => new FunctionValue("next", (_, _) => cycler.Next()),
        (CyclerValue cycler, "current") => cycler.Current,
        (CyclerValue cycler, "reset") => new FunctionValue("reset", (_, _) =>
        {
            cycler.Reset();
            return NoneValue.Instance;
        }),
        (MacroValue macro, "name") => macro.Name is null ? NoneValue.Instance : new StringValue(macro.Name),
        (MacroValue macro, "arguments") =>
            new TupleValue([.. macro.Definition.Parameters.Select(p => new StringValue(p.Name))]),
        (MacroValue macro, "caller") => BooleanValue.Of(macro.Definition.TakesCaller),
        (MacroValue macro, "catch_kwargs") => BooleanValue.Of(macro.Definition.TakesNamed),
        (MacroValue macro, "catch_varargs") => BooleanValue.Of(macro.Definition.TakesMore),
        (RangeValue range, "start") => IntegerValue.Of(range.Start),
        (RangeValue range, "stop") => IntegerValue.Of(range.Stop),
        (RangeValue range, "step") => IntegerValue.Of(range.Step),
        (IntegerValue or BooleanValue, "real" or "numerator") => Arithmetic.Plus(owner),
        (IntegerValue or BooleanValue, "imag") => IntegerValue.Of(0),
        (IntegerValue or BooleanValue, "denominator") => IntegerValue.Of(1),
        (IntegerValue or BooleanValue, "bit_length") => new FunctionValue(name, (_, _) =>
            Numbers.TryGet(owner, out Number number)
                ? IntegerValue.Of((long)System.Numerics.BigInteger.Abs(number.Integer).GetBitLength())
                : NoneValue.Instance),
        (FloatValue real, "real") => real,
        (FloatValue, "imag") => new FloatValue(0),
        (FloatValue real, "is_integer") => new FunctionValue(
            name, (_, _) => BooleanValue.Of(double.IsFinite(real.Number) && Math.Floor(real.Number) == real.Number)),
        _ => null,
    };
}
