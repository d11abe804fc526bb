using FastMlx.Http;

namespace FastMlx.Tests.Http;

/// <summary>
/// Runs the parsers over a byte stream without sockets and says in text what they understood. Also the fuzz target's
/// subject: any cut of the input must give the same text.
/// </summary>
internal static class ParserDriver
{
    /// <summary>
    /// One line a request, then "needs more", or "reject STATUS reason". Pieces are cut at the given offsets.
    /// </summary>
    public static string Run(ReadOnlySpan<byte> input, params ReadOnlySpan<int> cuts)
    {
        var run = new ParserRun(new HttpLimits());
        int from = 0;
        foreach (int cut in cuts)
        {
            run.Feed(input[from..cut]);
            from = cut;
        }
        run.Feed(input[from..]);
        return run.Finish();
    }

    /// <summary>Each byte on its own.</summary>
    public static string RunBytes(ReadOnlySpan<byte> input)
    {
        var run = new ParserRun(new HttpLimits());
        for (int i = 0; i < input.Length; i++) run.Feed(input.Slice(i, 1));
        return run.Finish();
    }
}
