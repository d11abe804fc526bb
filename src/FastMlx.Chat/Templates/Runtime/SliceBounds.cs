namespace FastMlx.Chat.Templates;

/// <summary>Python's slice.indices(): the first place, the step, and how many places.</summary>
internal readonly record struct SliceBounds(long Start, long Step, long Count)
{
    public static SliceBounds Of(Value? start, Value? stop, Value? step, int length)
    {
        long stride = Read(step) ?? 1;
        if (stride == 0)
            throw TemplateException.Value("slice step cannot be zero");
        stride = Math.Clamp(stride, -int.MaxValue, int.MaxValue);
        long low = stride > 0 ? 0 : -1;
        long high = stride > 0 ? length : length - 1;
        long first = Clamp(Read(start), length, low, high) ?? (stride > 0 ? low : high);
        long last = Clamp(Read(stop), length, low, high) ?? (stride > 0 ? high : low);
        long count = stride > 0
            ? (last > first ? (last - first - 1) / stride + 1 : 0)
            : (last < first ? (first - last - 1) / -stride + 1 : 0);
        return new SliceBounds(first, stride, count);
    }

    private static long? Read(Value? value) => value switch
    {
        null or NoneValue => null,
        IntegerValue or BooleanValue => Numbers.RequireIndex(value, ""),
        UndefinedValue undefined => throw TemplateException.Type(
            "slice indices must be integers or None or have an __index__ method (" + undefined.Message + ")"),
        _ => throw TemplateException.Type("slice indices must be integers or None or have an __index__ method"),
    };

    private static long? Clamp(long? index, int length, long low, long high)
    {
        if (index is not { } place)
            return null;
        return Math.Clamp(place < 0 ? place + length : place, low, high);
    }
}
