using System.Numerics;

namespace FastMlx.Chat.Templates;

/// <summary>A bool, int or float as arithmetic sees it.</summary>
internal readonly record struct Number(bool IsFloat, double Float, BigInteger Integer)
{
    public double AsDouble => IsFloat ? Float : (double)Integer;
}
