using System.Numerics;

namespace FastMlx.Chat.Templates;

/// <summary>Python's int. Within 64 bits <see cref="Big"/> is null; beyond, it holds the number.</summary>
internal sealed class IntegerValue : Value
{
    /// <summary>Larger numbers only serve to burn memory.</summary>
    private const long MaxBits = 1 << 15;

    private static readonly IntegerValue[] Cached = MakeCache();

    private IntegerValue(long small, BigInteger? big)
    {
        Small = small;
        Big = big;
    }

    public long Small { get; }

    public BigInteger? Big { get; }

    public BigInteger Number => Big ?? Small;

    public override string TypeName => "int";

    public static IntegerValue Of(long number) =>
        number is >= -16 and < 240 ? Cached[number + 16] : new IntegerValue(number, null);

    public static IntegerValue Of(BigInteger number)
    {
        if (number >= long.MinValue && number <= long.MaxValue)
            return Of((long)number);
        if (number.GetBitLength() > MaxBits)
            throw TemplateException.Limit("an integer became too large");
        return new IntegerValue(0, number);
    }

    public override bool IsTrue(Budget budget) => Small != 0 || Big is not null;

    private static IntegerValue[] MakeCache()
    {
        var cache = new IntegerValue[256];
        for (int i = 0; i < cache.Length; i++)
            cache[i] = new IntegerValue(i - 16, null);
        return cache;
    }
}
