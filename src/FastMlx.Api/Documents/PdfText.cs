using System.Text;

namespace FastMlx.Api;

/// <summary>
/// Reads the text of PDF files, page by page. Enough for files that office programs, browsers and TeX write; scans and
/// encrypted files have none.
/// </summary>
internal static class PdfText
{
    private const int PagesMax = 600;
    private const int TreeDepthMax = 32;

    /// <summary>The API's sentence about a file that it would refuse, or null.</summary>
    public static string? Fault(byte[]? bytes)
    {
        PdfFile? file = bytes is null ? null : PdfFile.Read(bytes);
        return file is null ? "The PDF specified was not valid."
            : file.IsEncrypted ? "The PDF specified is password protected."
            : null;
    }

    /// <summary>Null where no text could be read.</summary>
    public static string? Extract(ReadOnlyMemory<byte> bytes, int charsMax)
    {
        PdfFile? file = PdfFile.Read(bytes);
        if (file is null || file.IsEncrypted)
            return null;
        var text = new StringBuilder();
        var fonts = new Dictionary<PdfValue, PdfFont>(ReferenceEqualityComparer.Instance);
        int page = 0;
        bool hasText = false;
        foreach ((PdfValue item, PdfValue resources) in Pages(file).Take(PagesMax))
        {
            string ofPage = new PdfPage(file, fonts, charsMax - text.Length).Read(item, resources);
            hasText |= ofPage.AsSpan().Trim().Length > 0;
            text.Append(page == 0 ? "" : "\n\n").Append("[page ").Append(++page).Append("]\n").Append(ofPage.Trim());
            if (text.Length < charsMax)
                continue;
            text.Length = Math.Min(text.Length, charsMax);
            text.Append("\n[the rest of the document is cut]");
            break;
        }
        return hasText ? text.ToString() : null;
    }

    private static List<(PdfValue Page, PdfValue Resources)> Pages(PdfFile file)
    {
        var pages = new List<(PdfValue, PdfValue)>();
        var seen = new HashSet<PdfValue>(ReferenceEqualityComparer.Instance);
        foreach (PdfValue catalog in file.Objects.Where(value => file.Is(value, "Catalog")))
            Walk(file, file.Entry(catalog, "Pages"), PdfValue.Null, 0, seen, pages);
        if (pages.Count == 0)
        {
            foreach (PdfValue page in file.Objects.Where(value => file.Is(value, "Page")))
                pages.Add((page, file.Entry(page, "Resources")));
        }
        return pages;
    }

    private static void Walk(
        PdfFile file,
        PdfValue node,
        PdfValue inherited,
        int depth,
        HashSet<PdfValue> seen,
        List<(PdfValue, PdfValue)> pages)
    {
        if (depth > TreeDepthMax || pages.Count >= PagesMax || node.Kind != PdfKind.Dictionary || !seen.Add(node))
            return;
        PdfValue resources = file.Entry(node, "Resources");
        if (resources.Kind != PdfKind.Dictionary)
            resources = inherited;
        PdfValue kids = file.Entry(node, "Kids");
        if (kids.Kind != PdfKind.Array)
            pages.Add((node, resources));
        foreach (PdfValue kid in kids.Items)
            Walk(file, file.Resolve(kid), resources, depth + 1, seen, pages);
    }
}
