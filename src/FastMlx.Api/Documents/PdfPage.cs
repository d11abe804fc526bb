using System.Buffers;
using System.Text;

namespace FastMlx.Api;

/// <summary>
/// Plays a page's content and writes down what it shows (ISO 32000-1 §9.4). A move down is a new line, a gap is a
/// space: the order is the file's, which is nearly always the reading order.
/// </summary>
internal sealed class PdfPage(PdfFile file, Dictionary<PdfValue, PdfFont> fonts, int charsMax)
{
    private const int FormDepthMax = 8;
    private const int OperandsMax = 512;
    private const double GapOfSpace = 0.18; // in units of the font's size

    private readonly StringBuilder _text = new();
    private readonly List<PdfValue> _operands = [];
    private PdfFont? _font;
    private double _size = 1;
    private double _leading;
    private double _scale = 1;

    // The text line's matrix without rotation: x, y and the scale of each; and where the last text ended.
    private (double X, double Y, double ScaleX, double ScaleY) _line = (0, 0, 1, 1);
    private double _x;
    private double _endX;
    private double _endY;

    public string Read(PdfValue page, PdfValue resources)
    {
        PdfValue contents = file.Entry(page, "Contents");
        var all = new ArrayBufferWriter<byte>();
        foreach (PdfValue part in contents.Kind == PdfKind.Array ? contents.Items : [contents])
        {
            // Parts may be cut between any two tokens.
            all.Write(file.Decode(file.Resolve(part)) ?? []);
            all.Write("\n"u8);
        }
        Play(all.WrittenMemory, resources, 0);
        return _text.ToString();
    }

    private void Play(ReadOnlyMemory<byte> content, PdfValue resources, int depth)
    {
        var parser = new PdfParser(content);
        while (!parser.IsAtEnd && _text.Length < charsMax)
        {
            PdfValue? token = parser.Next();
            if (token is null)
                continue;
            if (token.Kind != PdfKind.Keyword)
            {
                if (_operands.Count < OperandsMax)
                    _operands.Add(token);
                continue;
            }
            if (token.Name == "ID")
                SkipImage(content.Span, parser);
            else if (token.Name == "Do")
                PlayForm(resources, depth);
            else
                Apply(token.Name, resources);
            _operands.Clear();
        }
    }

    private void Apply(string name, PdfValue resources)
    {
        switch (name)
        {
            case "BT": SetLine(0, 0, 1, 1); break;
            case "Tf": SetFont(resources); break;
            case "TL": _leading = Number(0); break;
            case "Tz": _scale = Number(0) / 100; break;
            case "Td": Move(Number(0), Number(1)); break;
            case "TD": _leading = -Number(1); Move(Number(0), Number(1)); break;
            case "Tm": SetMatrix(); break;
            case "T*": Move(0, -_leading); break;
            case "Tj": Show(Operand(0)); break;
            case "'": Move(0, -_leading); Show(Operand(0)); break;
            case "\"": Move(0, -_leading); Show(Operand(2)); break;
            case "TJ": ShowAll(Operand(0)); break;
        }
    }

    private PdfValue Operand(int index) => index < _operands.Count ? _operands[index] : PdfValue.Null;

    private double Number(int index) => Operand(index).Number;

    private void SetFont(PdfValue resources)
    {
        _size = Math.Abs(Number(1)) is > 0 and var size ? size : 1;
        PdfValue font = file.Entry(file.Entry(resources, "Font"), Operand(0).Name);
        if (!fonts.TryGetValue(font, out _font))
            fonts[font] = _font = PdfFont.Read(file, font);
    }

    // Rotated text is rare; its lengths stand in the other two numbers.
    private void SetMatrix()
    {
        double scaleX = Math.Max(Math.Abs(Number(0)), Math.Abs(Number(1)));
        double scaleY = Math.Max(Math.Abs(Number(3)), Math.Abs(Number(2)));
        SetLine(Number(4), Number(5), scaleX > 0 ? scaleX : 1, scaleY > 0 ? scaleY : 1);
    }

    private void Move(double x, double y) =>
        SetLine(_line.X + x * _line.ScaleX, _line.Y + y * _line.ScaleY, _line.ScaleX, _line.ScaleY);

    private void SetLine(double x, double y, double scaleX, double scaleY)
    {
        _line = (x, y, scaleX, scaleY);
        _x = x;
    }

    private void ShowAll(PdfValue array)
    {
        foreach (PdfValue item in array.Items)
        {
            if (item.Kind == PdfKind.Number)
                _x -= item.Number / 1000 * _size * _line.ScaleX * _scale;
            else
                Show(item);
        }
    }

    private void Show(PdfValue text)
    {
        if (_font is null || text.Kind != PdfKind.Text || text.Bytes.Length == 0)
            return;
        double height = _size * _line.ScaleY;
        if (_text.Length > 0 && Math.Abs(_line.Y - _endY) > 0.3 * height)
            Break('\n');
        else if (_text.Length > 0 && _x - _endX > GapOfSpace * _size * _line.ScaleX)
            Break(' ');
        double width = _font.Show(text.Bytes, _text);
        _x += width / 1000 * _size * _line.ScaleX * _scale;
        _endX = _x;
        _endY = _line.Y;
    }

    private void Break(char blank)
    {
        if (_text[^1] is not ('\n' or ' '))
            _text.Append(blank);
        else if (blank == '\n')
            _text[^1] = '\n';
    }

    private void PlayForm(PdfValue resources, int depth)
    {
        PdfValue form = file.Entry(file.Entry(resources, "XObject"), Operand(0).Name);
        if (depth >= FormDepthMax || !file.Entry(form, "Subtype").IsName("Form")
            || file.Decode(form) is not { } content)
            return;
        PdfValue own = file.Entry(form, "Resources");
        _operands.Clear();
        Play(content, own.Kind == PdfKind.Dictionary ? own : resources, depth + 1);
    }

    // Inline pictures are bytes up to "EI" between blanks.
    private static void SkipImage(ReadOnlySpan<byte> content, PdfParser parser)
    {
        int at = Math.Min(parser.Position, content.Length);
        int end = content[at..].IndexOf("\nEI"u8);
        if (end < 0)
            end = content[at..].IndexOf(" EI"u8);
        parser.Position = end < 0 ? content.Length : at + end + 3;
    }
}
