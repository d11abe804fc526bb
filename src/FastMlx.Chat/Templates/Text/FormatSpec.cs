using System.Globalization;
using System.Numerics;

namespace FastMlx.Chat.Templates;

/// <summary>Fill, width, precision and the rest of a format, and writing a value by it.</summary>
internal record struct FormatSpec
{
    public FormatSpec()
    {
    }

    public string FillText { get; set; } = " ";

    public char Fill
    {
        readonly get => FillText[0];
        set => FillText = value.ToString();
    }

    /// <summary>'&lt;', '&gt;', '=', '^', or 0 where none is given.</summary>
    public char Align { get; set; }

    public char Sign { get; set; }

    public bool Alternate { get; set; }

    public int Width { get; set; }

    /// <summary>-1 where none is given.</summary>
    public int Precision { get; set; } = -1;

    public char Grouping { get; set; }

    /// <summary>The presentation type, or 0.</summary>
    public char Type { get; set; }

    public readonly FormatSpec WithFlag(char flag) => flag switch
    {
        '-' => this with { Align = '<', FillText = " " },
        '0' => Align == '<' ? this : this with { Align = '=', FillText = "0" },
        '#' => this with { Alternate = true },
        '+' => this with { Sign = '+' },
        _ => Sign == '+' ? this : this with { Sign = ' ' },
    };

    /// <summary>[[fill]align][sign][z][#][0][width][grouping][.precision][type]</summary>
    public static FormatSpec Parse(string text)
    {
        var spec = new FormatSpec();
        int at = 0;
        int fillUnits = text.Length > 0 ? StringValue.UnitsAt(text, 0) : 1;
        if (text.Length > fillUnits && "<>=^".Contains(text[fillUnits]))
        {
            spec.FillText = text[..fillUnits];
            spec.Align = text[fillUnits];
            at = fillUnits + 1;
        }
        else if (text.Length > 0 && "<>=^".Contains(text[0]))
        {
            spec.Align = text[at++];
        }

        if (at < text.Length && "+- ".Contains(text[at]))
            spec.Sign = text[at++];
        if (at < text.Length && text[at] == '#')
        {
            spec.Alternate = true;
            at++;
        }

        if (at < text.Length && text[at] == '0')
        {
            if (spec.Align == 0)
                spec = spec with { Align = '=', FillText = "0" };
            at++;
        }

        (spec.Width, at) = ReadCount(text, at, 0);
        if (at < text.Length && text[at] is ',' or '_')
            spec.Grouping = text[at++];
        if (at < text.Length && text[at] == '.')
        {
            (spec.Precision, at) = ReadCount(text, at + 1, -1);
            if (spec.Precision < 0)
                throw TemplateException.Value("Format specifier missing precision");
        }

        if (at < text.Length)
            spec.Type = text[at++];
        if (at < text.Length)
            throw TemplateException.Value($"Invalid format specifier '{text}'");
        return spec;
    }

    public readonly void WriteText(TextBuilder builder, StringValue text, Budget budget)
    {
        StringValue cut = Precision >= 0 && Precision < text.Length ? text.Slice(0, text.OffsetOf(Precision)) : text;
        int missing = Padding(cut.Length, budget.Limits.OutputChars);
        char align = Align == '=' ? '>' : Align;
        int left = align switch { '>' => missing, '^' => missing / 2, _ => 0 };
        WriteFill(builder, left, align == '>' && Align == '=' ? " " : FillText);
        builder.Append(cut);
        WriteFill(builder, missing - left, FillText);
    }

    public readonly void WriteInteger(TextBuilder builder, BigInteger number, char type)
    {
        string digits = NumberFormat.Integer(BigInteger.Abs(number), type);
        if (Precision > digits.Length)
            digits = new string('0', Math.Min(Precision, 4096) - digits.Length) + digits;
        if (Grouping != 0)
            digits = NumberFormat.Group(digits, Grouping, type is 'x' or 'X' or 'o' or 'b' ? 4 : 3);
        string prefix = !Alternate ? "" : type switch { 'x' => "0x", 'X' => "0X", 'o' => "0o", 'b' => "0b", _ => "" };
        WriteNumber(builder, number.Sign < 0, prefix, digits);
    }

    public readonly void WriteFloat(TextBuilder builder, double number, char type)
    {
        bool negative = double.IsNegative(number) && !double.IsNaN(number);
        string digits = NumberFormat.Float(Math.Abs(number), type, Precision < 0 ? 6 : Precision, Alternate);
        if (Grouping != 0)
            digits = NumberFormat.Group(digits, Grouping, 3);
        WriteNumber(builder, negative, "", digits);
    }

    public readonly void WriteNumber(TextBuilder builder, bool negative, string prefix, string digits)
    {
        string sign = negative ? "-" : Sign is '+' or ' ' ? Sign.ToString() : "";
        int missing = Padding(sign.Length + prefix.Length + digits.Length, 1 << 20);
        char align = Align == 0 ? '>' : Align;
        int left = align switch { '>' => missing, '^' => missing / 2, _ => 0 };
        WriteFill(builder, left, FillText);
        builder.Append(sign + prefix);
        WriteFill(builder, align == '=' ? missing : 0, FillText);
        builder.Append(digits);
        WriteFill(builder, align == '=' ? 0 : missing - left, FillText);
    }

    private readonly int Padding(int length, int most) => Width > most
        ? throw TemplateException.Limit("a formatted width is too large")
        : Math.Max(0, Width - length);

    private static void WriteFill(TextBuilder builder, int count, string fill)
    {
        if (fill.Length == 1)
        {
            builder.Fill(fill[0], count);
            return;
        }

        for (int i = 0; i < count; i++)
            builder.Append(fill);
    }

    private static (int Count, int At) ReadCount(string text, int at, int otherwise)
    {
        int start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        if (at == start)
            return (otherwise, at);
        return at - start > 9
            ? throw TemplateException.Value("Too many decimal digits in format string")
            : (int.Parse(text.AsSpan(start, at - start), CultureInfo.InvariantCulture), at);
    }
}
