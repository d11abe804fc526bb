using System.Globalization;
using System.Text;

namespace FastMlx.Api;

/// <summary>
/// Reads values of PDF syntax (ISO 32000-1 §7.2 and §7.3) from bytes that nobody checked: never throws, always gets
/// forward, and ends at the end of the bytes. One use at a time.
/// </summary>
internal sealed class PdfParser(ReadOnlyMemory<byte> bytes, int start = 0)
{
    private const int DepthMax = 64;
    private const int ItemsMax = 200_000;

    public int Position { get; set; } = start;

    public bool IsAtEnd
    {
        get
        {
            SkipBlanks();
            return Position >= bytes.Length;
        }
    }

    private ReadOnlySpan<byte> Rest => bytes.Span[Math.Min(Position, bytes.Length)..];

    /// <summary>The next value; null at the end and at a closing bracket that opens nothing.</summary>
    public PdfValue? Next(int depth = 0)
    {
        SkipBlanks();
        ReadOnlySpan<byte> rest = Rest;
        if (rest.IsEmpty || depth > DepthMax)
            return null;
        switch (rest[0])
        {
            case (byte)'/':
                return new PdfValue(PdfKind.Name) { Name = ReadName() };
            case (byte)'(':
                return new PdfValue(PdfKind.Text) { Bytes = ReadLiteral() };
            case (byte)'<' when rest.StartsWith("<<"u8):
                return ReadDictionary(depth);
            case (byte)'<':
                return new PdfValue(PdfKind.Text) { Bytes = ReadHex() };
            case (byte)'[':
                return ReadArray(depth);
            case (byte)']' or (byte)'>' or (byte)')' or (byte)'{' or (byte)'}':
                Position++;
                return null;
            default:
                return ReadWord();
        }
    }

    private static bool IsBlank(byte c) => c is 0 or 9 or 10 or 12 or 13 or 32;

    private static bool IsDelimiter(byte c) =>
        c is (byte)'(' or (byte)')' or (byte)'<' or (byte)'>' or (byte)'[' or (byte)']' or (byte)'{' or (byte)'}'
            or (byte)'/' or (byte)'%';

    public void SkipBlanks()
    {
        ReadOnlySpan<byte> all = bytes.Span;
        while (Position < all.Length)
        {
            if (all[Position] == '%')
            {
                int end = all[Position..].IndexOfAny((byte)'\r', (byte)'\n');
                Position = end < 0 ? all.Length : Position + end;
            }
            else if (IsBlank(all[Position]))
            {
                Position++;
            }
            else
            {
                return;
            }
        }
    }

    private ReadOnlySpan<byte> ReadRun()
    {
        ReadOnlySpan<byte> rest = Rest;
        int length = 0;
        while (length < rest.Length && !IsBlank(rest[length]) && !IsDelimiter(rest[length]))
            length++;
        Position += length;
        return rest[..length];
    }

    private string ReadName()
    {
        Position++;
        ReadOnlySpan<byte> run = ReadRun();
        if (!run.Contains((byte)'#'))
            return Encoding.Latin1.GetString(run);
        var text = new StringBuilder();
        for (int i = 0; i < run.Length; i++)
        {
            bool isEscape = run[i] == '#' && i + 2 < run.Length
                && byte.TryParse(run.Slice(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out _);
            text.Append(isEscape
                ? (char)byte.Parse(run.Slice(i + 1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture)
                : (char)run[i]);
            i += isEscape ? 2 : 0;
        }
        return text.ToString();
    }

    // A number, "n g R", or a keyword.
    private PdfValue ReadWord()
    {
        ReadOnlySpan<byte> run = ReadRun();
        if (run.IsEmpty)
            Position++;
        if (!double.TryParse(run, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            || !double.IsFinite(number))
        {
            return new PdfValue(PdfKind.Keyword) { Name = Encoding.Latin1.GetString(run) };
        }
        return IsReference(number)
            ? new PdfValue(PdfKind.Reference) { Number = number }
            : new PdfValue(PdfKind.Number) { Number = number };
    }

    private bool IsReference(double number)
    {
        if (number is < 0 or > int.MaxValue || number != Math.Floor(number))
            return false;
        int back = Position;
        SkipBlanks();
        ReadOnlySpan<byte> generation = ReadRun();
        bool isReference = generation.Length is > 0 and <= 5
            && generation.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
        if (isReference)
        {
            SkipBlanks();
            isReference = ReadRun().SequenceEqual("R"u8);
        }
        if (!isReference)
            Position = back;
        return isReference;
    }

    private PdfValue ReadArray(int depth)
    {
        Position++;
        var items = new List<PdfValue>();
        while (!IsAtEnd && items.Count < ItemsMax && Rest[0] != ']')
        {
            if (Next(depth + 1) is { } item)
                items.Add(item);
            else if (depth >= DepthMax)
                break;
        }
        Position++;
        return new PdfValue(PdfKind.Array) { Items = items };
    }

    private PdfValue ReadDictionary(int depth)
    {
        Position += 2;
        var entries = new Dictionary<string, PdfValue>();
        while (!IsAtEnd && entries.Count < ItemsMax && !Rest.StartsWith(">>"u8))
        {
            if (Rest[0] != '/')
            {
                if (Next(depth + 1) is null && depth >= DepthMax)
                    break;
                continue;
            }
            string name = ReadName();
            SkipBlanks();
            if (!Rest.StartsWith(">>"u8) && Next(depth + 1) is { } value)
                entries[name] = value;
        }
        Position += 2;
        return new PdfValue(PdfKind.Dictionary) { Entries = entries };
    }

    private byte[] ReadHex()
    {
        Position++;
        ReadOnlySpan<byte> rest = Rest;
        int end = rest.IndexOf((byte)'>');
        end = end < 0 ? rest.Length : end;
        Position += end + 1;
        return PdfFilters.FromHex(rest[..end]);
    }

    private byte[] ReadLiteral()
    {
        Position++;
        var text = new List<byte>();
        int depth = 1;
        ReadOnlySpan<byte> all = bytes.Span;
        while (Position < all.Length)
        {
            byte c = all[Position++];
            if (c == '\\')
            {
                ReadEscape(all, text);
                continue;
            }
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            if (depth == 0)
                break;
            text.Add(c);
        }
        return [.. text];
    }

    private void ReadEscape(ReadOnlySpan<byte> all, List<byte> text)
    {
        if (Position >= all.Length)
            return;
        byte c = all[Position++];
        switch (c)
        {
            case (byte)'n': text.Add((byte)'\n'); break;
            case (byte)'r': text.Add((byte)'\r'); break;
            case (byte)'t': text.Add((byte)'\t'); break;
            case (byte)'b': text.Add((byte)'\b'); break;
            case (byte)'f': text.Add((byte)'\f'); break;
            case (byte)'\n': break;
            case (byte)'\r':
                Position += Position < all.Length && all[Position] == '\n' ? 1 : 0;
                break;
            case >= (byte)'0' and <= (byte)'7':
                int value = c - '0';
                for (int i = 0; i < 2 && Position < all.Length && all[Position] is >= (byte)'0' and <= (byte)'7'; i++)
                    value = value * 8 + all[Position++] - '0';
                text.Add((byte)value);
                break;
            default: text.Add(c); break;
        }
    }
}
