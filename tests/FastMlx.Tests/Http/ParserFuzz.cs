namespace FastMlx.Tests.Http;

/// <summary>
/// What must hold for any bytes: the parsers give the same verdict for any cut, and keep their own contracts (which
/// <see cref="ParserRun"/> checks). The last bytes of the input choose the cuts.
/// </summary>
internal static class ParserFuzz
{
    private const int Cuts = 3;

    public static void Check(ReadOnlySpan<byte> input)
    {
        string whole = ParserDriver.Run(input);
        Span<int> cuts = stackalloc int[Cuts];
        int hash = input.Length;
        for (int i = 0; i < Cuts; i++)
        {
            if (i < input.Length) hash = (hash * 31) + input[^(i + 1)];
            cuts[i] = (int)((uint)hash % (uint)(input.Length + 1));
        }
        cuts.Sort();
        Same(whole, ParserDriver.Run(input, cuts), "cut in four");
        Same(whole, ParserDriver.RunBytes(input), "byte by byte");
    }

    private static void Same(string whole, string cut, string how)
    {
        if (whole != cut) throw new InvalidOperationException($"Whole: {whole} but {how}: {cut}");
    }
}
