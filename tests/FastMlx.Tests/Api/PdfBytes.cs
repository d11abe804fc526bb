using System.IO.Compression;
using System.Text;

namespace FastMlx.Tests.Api;

/// <summary>Writes small PDF files: object i has number i + 1.</summary>
internal static class PdfBytes
{
    public const string Catalog = "<</Type/Catalog/Pages 2 0 R>>";
    public const string OnePage = "<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F1 5 0 R>>/XObject<</X1 6 0 R>>>>>>";
    public const string Page = "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>";
    public const string Font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>";

    public static byte[] OfPage(string content, string font = Font, params byte[][] more) =>
        File([Bytes(Catalog), Bytes(OnePage), Bytes(Page), Stream("", Bytes(content)), Bytes(font), .. more]);

    public static byte[] File(params byte[][] objects) => File("<</Root 1 0 R>>", objects);

    public static byte[] File(string trailer, byte[][] objects)
    {
        var file = new List<byte>(Bytes("%PDF-1.7\n%âãÏÓ\n"));
        for (int i = 0; i < objects.Length; i++)
            file.AddRange([.. Bytes($"{i + 1} 0 obj\n"), .. objects[i], .. Bytes("\nendobj\n")]);
        file.AddRange(Bytes($"trailer\n{trailer}\n%%EOF\n"));
        return [.. file];
    }

    public static byte[] Stream(string entries, byte[] data) =>
        [.. Bytes($"<<{entries}/Length {data.Length}>>\nstream\n"), .. data, .. Bytes("\nendstream")];

    public static byte[] Flate(string entries, byte[] data)
    {
        using var output = new MemoryStream();
        using (var deflater = new ZLibStream(output, CompressionLevel.Fastest))
            deflater.Write(data);
        return Stream("/Filter/FlateDecode" + entries, output.ToArray());
    }

    public static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);
}
