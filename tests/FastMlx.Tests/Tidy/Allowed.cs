namespace FastMlx.Tests.Tidy;

/// <summary>The exceptions, by name, so that each is seen in review.</summary>
internal static class Allowed
{
    /// <summary>Straight-line kernels and tables of data may be longer than a function should be.</summary>
    public static readonly HashSet<string> LongFunctions = ["src/FastMlx.Api/Documents/PdfEncoding.cs"];

    /// <summary>Files of data.</summary>
    public static readonly HashSet<string> WideFiles = [];

    /// <summary>Who may know whom (docs/ARCHITECTURE.md): what a room may name besides itself.</summary>
    public static string[] Neighbours(string room) => room switch
    {
        "FastMlx.Api" => ["FastMlx.Chat"],
        "FastMlx.Native" => ["FastMlx.Engine"],
        _ => [],
    };
}
