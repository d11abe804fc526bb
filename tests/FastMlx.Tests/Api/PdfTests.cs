using System.Text;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

public sealed class PdfTests
{
    private const int CharsMax = 10_000;
    private const string Pieces = "<>[]()/% R0123456789obj\0\u00FFstream";

    [Theory]
    [InlineData("BT /F1 12 Tf 72 700 Td (Hello, PDF) Tj ET", "Hello, PDF")]
    [InlineData("BT /F1 12 Tf 72 700 Td (one) Tj 0 -14 Td (two) Tj ET", "one\ntwo")]
    [InlineData("BT /F1 12 Tf 14 TL (one) Tj T* (two) Tj (three) ' ET", "one\ntwo\nthree")]
    [InlineData("BT /F1 12 Tf [(Hel) 20 (lo) -400 (world)] TJ ET", "Hello world")]
    [InlineData("BT /F1 12 Tf 1 0 0 1 72 700 Tm (left) Tj 1 0 0 1 300 700 Tm (right) Tj ET", "left right")]
    [InlineData("BT /F1 12 Tf (a\\(b\\)c \\\\ \\101\\n(nested)) Tj ET", "a(b)c \\ A(nested)")]
    [InlineData("BT /F1 12 Tf <48656C6C6F> Tj <4> Tj ET", "Hello@")]
    [InlineData("BT /F1 12 Tf (caf\u00E9 \u0093q\u0094 \u0080) Tj ET", "café “q” €")]
    [InlineData("% comment (not) Tj\nBT /F1 12 Tf (yes) Tj ET", "yes")]
    [InlineData("BI /W 1 /H 1 ID \u0001(x) Tj\u0002\nEI BT /F1 12 Tf (after) Tj ET", "after")]
    public void Content_IsReadAsText(string content, string expected) =>
        Assert.Equal("[page 1]\n" + expected, PdfText.Extract(PdfBytes.OfPage(content), CharsMax));

    [Fact]
    public void CompressedStreams_AreRead()
    {
        byte[] file = PdfBytes.File(
            PdfBytes.Bytes(PdfBytes.Catalog), PdfBytes.Bytes(PdfBytes.OnePage), PdfBytes.Bytes(PdfBytes.Page),
            PdfBytes.Flate("", PdfBytes.Bytes("BT /F1 9 Tf (packed) Tj ET")), PdfBytes.Bytes(PdfBytes.Font));
        Assert.Equal("[page 1]\npacked", PdfText.Extract(file, CharsMax));
    }

    [Fact]
    public void HexAnd85Filters_AreRead()
    {
        string hex = Convert.ToHexString(Encoding.ASCII.GetBytes("BT /F1 9 Tf (hex) Tj ET")) + ">";
        byte[] file = PdfBytes.File(
            PdfBytes.Bytes(PdfBytes.Catalog), PdfBytes.Bytes(PdfBytes.OnePage), PdfBytes.Bytes("<</Type/Page/Contents[4 0 R 6 0 R]>>"),
            PdfBytes.Stream("/Filter[/ASCIIHexDecode]", PdfBytes.Bytes(hex)), PdfBytes.Bytes(PdfBytes.Font),
            PdfBytes.Stream("/Filter/A85", PdfBytes.Bytes(Ascii85("BT /F1 9 Tf 0 -20 Td (eighty-five) Tj ET"))));
        Assert.Equal("[page 1]\nhex\neighty-five", PdfText.Extract(file, CharsMax));
    }

    [Fact]
    public void ObjectStreams_AreOpened()
    {
        string first = $"1 0 2 {PdfBytes.Catalog.Length + 1} ";
        byte[] file = PdfBytes.File(
            PdfBytes.Bytes("null"), PdfBytes.Bytes("null"), PdfBytes.Bytes(PdfBytes.Page),
            PdfBytes.Stream("", PdfBytes.Bytes("BT /F1 9 Tf (inside) Tj ET")), PdfBytes.Bytes(PdfBytes.Font),
            PdfBytes.Flate($"/Type/ObjStm/N 2/First {first.Length}", PdfBytes.Bytes(first + PdfBytes.Catalog + " " + PdfBytes.OnePage)));
        string text = Encoding.Latin1.GetString(file).Replace("1 0 obj\nnull\nendobj\n", "", StringComparison.Ordinal)
            .Replace("2 0 obj\nnull\nendobj\n", "", StringComparison.Ordinal);
        Assert.Equal("[page 1]\ninside", PdfText.Extract(Encoding.Latin1.GetBytes(text), CharsMax));
    }

    [Fact]
    public void CompositeFonts_AreReadThroughTheirMap()
    {
        byte[] map = PdfBytes.Stream("", PdfBytes.Bytes(
            "1 begincodespacerange <0000> <FFFF> endcodespacerange 2 beginbfchar <0001> <0048> <0002> <D83DDE00> endbfchar "
            + "2 beginbfrange <0010> <0012> <0061> <0020> <0021> [<6F22> <5B57>] endbfrange"));
        string font = "<</Type/Font/Subtype/Type0/Encoding/Identity-H/ToUnicode 6 0 R/DescendantFonts[7 0 R]>>";
        byte[] file = PdfBytes.OfPage(
            "BT /F1 12 Tf <0001000200100011001200200021FFFF> Tj ET", font, map, PdfBytes.Bytes("<</Type/Font/DW 500/W[1[600 600]16 18 400]>>"));
        Assert.Equal("[page 1]\nH😀abc漢字", PdfText.Extract(file, CharsMax));
    }

    [Fact]
    public void Differences_AreReadByGlyphName()
    {
        string font = "<</Type/Font/Subtype/Type1/Encoding<</Differences[1/A/fi/uni00E9/g77 65/zero]>>>>";
        Assert.Equal("[page 1]\nAfié0", PdfText.Extract(PdfBytes.OfPage("BT /F1 9 Tf <0102030441> Tj ET", font), CharsMax));
    }

    [Fact]
    public void Forms_ArePlayed_AndFormsInsideThemselvesEnd()
    {
        byte[] form = PdfBytes.Stream("/Type/XObject/Subtype/Form/Resources<</Font<</F1 5 0 R>>/XObject<</X1 6 0 R>>>>", PdfBytes
            .Bytes("BT /F1 9 Tf (f) Tj ET /X1 Do"));
        Assert.StartsWith("[page 1]\nf", PdfText.Extract(PdfBytes.OfPage("/X1 Do", PdfBytes.Font, form), CharsMax), StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_AreInTheTreesOrder()
    {
        byte[] file = PdfBytes.File(
            PdfBytes.Bytes(PdfBytes.Catalog), PdfBytes.Bytes("<</Type/Pages/Kids[7 0 R 3 0 R 2 0 R]/Resources<</Font<</F1 5 0 R>>>>>>"), PdfBytes
                .Bytes(PdfBytes.Page),
            PdfBytes.Stream("", PdfBytes.Bytes("BT /F1 9 Tf (second) Tj ET")), PdfBytes.Bytes(PdfBytes.Font),
            PdfBytes.Stream("", PdfBytes.Bytes("BT /F1 9 Tf (first) Tj ET")), PdfBytes.Bytes("<</Type/Page/Contents 6 0 R>>"));
        Assert.Equal("[page 1]\nfirst\n\n[page 2]\nsecond", PdfText.Extract(file, CharsMax));
    }

    [Fact]
    public void LongTexts_AreCutWithANote()
    {
        byte[] file = PdfBytes.OfPage("BT /F1 9 Tf " + string.Concat(Enumerable.Repeat("(0123456789) Tj ", 500)) + "ET");
        string text = PdfText.Extract(file, 100)!;
        Assert.True(text.Length < 150, text);
        Assert.EndsWith("[the rest of the document is cut]", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("not a pdf")]
    [InlineData("%PDF-1.4\n")]
    [InlineData("%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 1 0 R>> endobj")]
    [InlineData("%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj 2 0 obj <</Type/Pages/Kids[2 0 R 2 0 R]>> endobj")]
    [InlineData("%PDF-1.4\n1 0 obj 1 0 R endobj 2 0 obj [ [ [ endobj")]
    public void FilesWithoutText_GiveNothing(string file) => Assert.Null(PdfText.Extract(Encoding.Latin1.GetBytes(file), CharsMax));

    [Fact]
    public void EncryptedFiles_GiveNothing()
    {
        byte[] plain = PdfBytes.OfPage("BT /F1 9 Tf (x) Tj ET");
        string text = Encoding.Latin1.GetString(plain).Replace("<</Root 1 0 R>>", "<</Root 1 0 R/Encrypt 9 0 R>>", StringComparison.Ordinal);
        Assert.Null(PdfText.Extract(Encoding.Latin1.GetBytes(text), CharsMax));
    }

    [Fact]
    public void ZipBombs_AreBounded()
    {
        var bytes = new byte[48 * 1024 * 1024];
        Array.Fill(bytes, (byte)' ');
        byte[] file = PdfBytes.File(
            PdfBytes.Bytes(PdfBytes.Catalog), PdfBytes.Bytes(PdfBytes.OnePage), PdfBytes.Bytes(PdfBytes.Page), PdfBytes.Flate("", bytes), PdfBytes
                .Bytes(PdfBytes.Font));
        Assert.True(file.Length < 2 * 1024 * 1024);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(PdfText.Extract(file, CharsMax));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 400L * 1024 * 1024);
    }

    [Fact]
    public void MutatedFiles_NeverThrow()
    {
        byte[] map = PdfBytes.Flate("", PdfBytes.Bytes("1 beginbfrange <00> <FF> <0041> endbfrange"));
        byte[] whole = PdfBytes.OfPage("q BT /F1 12 Tf 1 0 0 1 72 700 Tm [(Hel) -300 <6C6F>] TJ T* (x\\051) ' /X1 Do ET Q", PdfBytes.Font.Replace(">>",
            "/ToUnicode 6 0 R>>", StringComparison.Ordinal), map);
        var random = new Random(20261124);
        for (int i = 0; i < 1_500; i++)
        {
            byte[] file = [.. whole];
            for (int edits = random.Next(1, 12); edits > 0; edits--)
                file[random.Next(file.Length)] = (byte)Pieces[random.Next(Pieces.Length)];
            _ = PdfText.Extract(file.AsMemory(0, random.Next(2) == 0 ? file.Length : random.Next(file.Length)), CharsMax);
        }
    }

    [Fact]
    public void Message_WithAPdf_HoldsItsText()
    {
        string data = Convert.ToBase64String(PdfBytes.OfPage("BT /F1 9 Tf (the answer is 42) Tj ET"));
        string messages = "[{\"role\":\"user\",\"content\":[{\"type\":\"document\",\"title\":\"T\",\"source\":{\"type\":\"base64\","
            + "\"media_type\":\"application/pdf\",\"data\":\"" + data + "\"}}]}]";
        var part = (FastMlx.Chat.TextPart)ApiBodies.Read(ApiBodies.Message("", messages)).Chat.Messages[0].Parts[0];
        Assert.Equal("Document: T\n[page 1]\nthe answer is 42", part.Text);
    }

    private static string Ascii85(string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text);
        var output = new StringBuilder();
        for (int i = 0; i < bytes.Length; i += 4)
        {
            int count = Math.Min(4, bytes.Length - i);
            uint group = 0;
            for (int k = 0; k < 4; k++)
                group = group << 8 | (k < count ? bytes[i + k] : (byte)0);
            var digits = new char[5];
            for (int k = 4; k >= 0; k--, group /= 85)
                digits[k] = (char)('!' + group % 85);
            output.Append(digits, 0, count + 1);
        }
        return output + "~>";
    }
}
