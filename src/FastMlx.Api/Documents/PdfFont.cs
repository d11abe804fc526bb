using System.Text;

namespace FastMlx.Api;

/// <summary>What a font's codes mean and how wide they are, in thousandths of its size.</summary>
internal sealed class PdfFont
{
    private readonly Dictionary<int, string> _texts;
    private readonly Dictionary<int, double> _widths = [];
    private readonly bool _isWide;
    private double _defaultWidth = 500;

    private PdfFont(Dictionary<int, string> texts, bool isWide)
    {
        _texts = texts;
        _isWide = isWide;
    }

    public static PdfFont Read(PdfFile file, PdfValue font)
    {
        bool isComposite = file.Entry(font, "Subtype").IsName("Type0");
        byte[]? map = file.Decode(file.Entry(font, "ToUnicode"));
        Dictionary<int, string> texts = isComposite ? [] : PdfEncoding.Read(file, file.Entry(font, "Encoding"));
        bool isWide = isComposite;
        if (map is not null)
            isWide = PdfCharacterMap.Read(map, texts) ?? isComposite;
        var read = new PdfFont(texts, isWide);
        if (isComposite)
            read.ReadWideWidths(file,
                file.Resolve(file.Entry(font, "DescendantFonts").Items is [var only, ..] ? only : null));
        else
            read.ReadWidths(file, font);
        return read;
    }

    /// <summary>Appends what the codes mean; returns how wide they are together.</summary>
    public double Show(ReadOnlySpan<byte> codes, StringBuilder text)
    {
        double width = 0;
        int step = _isWide ? 2 : 1;
        for (int i = 0; i + step <= codes.Length; i += step)
        {
            int code = _isWide ? codes[i] << 8 | codes[i + 1] : codes[i];
            if (_texts.TryGetValue(code, out string? meaning))
                text.Append(meaning);
            width += _widths.GetValueOrDefault(code, _defaultWidth);
        }
        return width;
    }

    private void ReadWidths(PdfFile file, PdfValue font)
    {
        int code = (int)Math.Clamp(file.Entry(font, "FirstChar").Number, 0, 255);
        foreach (PdfValue width in file.Entry(font, "Widths").Items)
            _widths[code++] = file.Resolve(width).Number;
    }

    // ISO 32000-1 §9.7.4.3: "c [w …]" or "first last w".
    private void ReadWideWidths(PdfFile file, PdfValue descendant)
    {
        PdfValue standard = file.Entry(descendant, "DW");
        _defaultWidth = standard.Kind == PdfKind.Number ? standard.Number : 1000;
        IReadOnlyList<PdfValue> items = file.Entry(descendant, "W").Items;
        for (int i = 0; i + 1 < items.Count;)
        {
            int code = (int)Math.Clamp(file.Resolve(items[i]).Number, 0, 0xFFFF);
            PdfValue next = file.Resolve(items[i + 1]);
            if (next.Kind == PdfKind.Array)
            {
                foreach (PdfValue width in next.Items)
                    _widths[code++] = file.Resolve(width).Number;
                i += 2;
                continue;
            }
            int last = (int)Math.Clamp(next.Number, 0, 0xFFFF);
            double same = i + 2 < items.Count ? file.Resolve(items[i + 2]).Number : _defaultWidth;
            for (; code <= last; code++)
                _widths[code] = same;
            i += 3;
        }
    }
}
