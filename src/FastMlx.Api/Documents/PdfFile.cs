namespace FastMlx.Api;

/// <summary>
/// The objects of a PDF file, found by looking for them instead of trusting its tables: later ones replace earlier
/// ones, as in updates. Everything is bounded, since the file is whatever a client sent.
/// </summary>
internal sealed class PdfFile
{
    private const int ObjectsMax = 100_000;
    private const int DecodedMax = 32 * 1024 * 1024;
    private const int ChainMax = 16;

    private readonly Dictionary<int, PdfValue> _objects = [];
    private int _decoded;

    private PdfFile()
    {
    }

    public bool IsEncrypted { get; private set; }

    public IEnumerable<PdfValue> Objects => _objects.OrderBy(pair => pair.Key).Select(pair => pair.Value);

    public static PdfFile? Read(ReadOnlyMemory<byte> bytes)
    {
        // The header may have junk before it.
        if (bytes.Span[..Math.Min(bytes.Length, 1024)].IndexOf("%PDF-"u8) < 0)
            return null;
        var file = new PdfFile();
        file.FindObjects(bytes);
        file.FindTrailers(bytes);
        foreach (PdfValue value in file._objects.Values.Where(value => file.Is(value, "ObjStm")).ToList())
            file.OpenObjectStream(value);
        return file;
    }

    /// <summary>Follows references to a value; null values for what is not there.</summary>
    public PdfValue Resolve(PdfValue? value)
    {
        for (int i = 0; i < ChainMax && value is { Kind: PdfKind.Reference }; i++)
            value = _objects.GetValueOrDefault(value.Reference);
        return value is null or { Kind: PdfKind.Reference } ? PdfValue.Null : value;
    }

    public PdfValue Entry(PdfValue owner, string name) => Resolve(owner.Entries.GetValueOrDefault(name));

    public bool Is(PdfValue value, string type) => Entry(value, "Type").IsName(type);

    public byte[]? Decode(PdfValue stream)
    {
        if (stream.Stream is null || _decoded >= DecodedMax)
            return null;
        byte[]? decoded = PdfFilters.Decode(stream, DecodedMax - _decoded, Resolve);
        _decoded += decoded?.Length ?? 0;
        return decoded;
    }

    private void FindObjects(ReadOnlyMemory<byte> bytes)
    {
        int at = 0;
        while (_objects.Count < ObjectsMax)
        {
            int step = bytes.Span[at..].IndexOf("obj"u8);
            if (step < 0)
                return;
            int word = at + step;
            at = word + 3;
            if (NumberBefore(bytes.Span[..word]) is not { } number)
                continue;
            var parser = new PdfParser(bytes, at);
            PdfValue value = parser.Next() ?? PdfValue.Null;
            value = WithStream(value, bytes, parser);
            _objects[number] = value;
            at = Math.Max(at, Math.Min(parser.Position, bytes.Length));
        }
    }

    // "12 0 obj": the number, where digits, blanks, digits and blanks stand before the word.
    private static int? NumberBefore(ReadOnlySpan<byte> head)
    {
        head = head.TrimEnd(" \t\r\n"u8);
        int generation = head.LastIndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (generation < 0 || generation == head.Length - 1)
            return null;
        head = head[..(generation + 1)].TrimEnd(" \t\r\n"u8);
        int before = head.LastIndexOfAnyExceptInRange((byte)'0', (byte)'9');
        return int.TryParse(head[(before + 1)..], out int number) ? number : null;
    }

    private static PdfValue WithStream(PdfValue value, ReadOnlyMemory<byte> bytes, PdfParser parser)
    {
        parser.SkipBlanks();
        int at = Math.Min(parser.Position, bytes.Length);
        ReadOnlySpan<byte> rest = bytes.Span[at..];
        if (value.Kind != PdfKind.Dictionary || !rest.StartsWith("stream"u8))
            return value;
        at += "stream".Length;
        at += bytes.Span[at..].StartsWith("\r\n"u8) ? 2 : at < bytes.Length && bytes.Span[at] is 10 or 13 ? 1 : 0;
        PdfValue length = value.Entries.GetValueOrDefault("Length") ?? PdfValue.Null;
        int count = length.Kind == PdfKind.Number && length.Number >= 0 && length.Number <= bytes.Length - at
            ? (int)length.Number : -1;
        if (count < 0 || !bytes.Span[(at + count)..].TrimStart(" \r\n"u8).StartsWith("endstream"u8))
            count = bytes.Span[at..].IndexOf("endstream"u8);
        if (count < 0)
            count = bytes.Length - at;
        parser.Position = at + count;
        return value with { Stream = bytes.Slice(at, count) };
    }

    private void FindTrailers(ReadOnlyMemory<byte> bytes)
    {
        IsEncrypted = _objects.Values.Any(value => Is(value, "XRef") && value.Entries.ContainsKey("Encrypt"));
        int at = 0;
        while (!IsEncrypted && bytes.Span[at..].IndexOf("trailer"u8) is >= 0 and int step)
        {
            at += step + "trailer".Length;
            PdfValue? trailer = new PdfParser(bytes, at).Next();
            IsEncrypted = trailer is { Kind: PdfKind.Dictionary } && trailer.Entries.ContainsKey("Encrypt");
        }
    }

    // ISO 32000-1 §7.5.7: N pairs of number and offset, then the values from First on.
    private void OpenObjectStream(PdfValue stream)
    {
        byte[]? data = Decode(stream);
        int count = (int)Math.Clamp(Entry(stream, "N").Number, 0, ObjectsMax);
        int first = (int)Math.Clamp(Entry(stream, "First").Number, 0, data?.Length ?? 0);
        if (data is null)
            return;
        var head = new PdfParser(data);
        for (int i = 0; i < count && _objects.Count < ObjectsMax; i++)
        {
            if (head.Next() is not { Kind: PdfKind.Number } number
                || head.Next() is not { Kind: PdfKind.Number } offset)
                return;
            int at = first + (int)Math.Clamp(offset.Number, 0, data.Length);
            if (at < data.Length && new PdfParser(data, at).Next() is { } value)
                _objects.TryAdd((int)Math.Clamp(number.Number, 0, int.MaxValue), value);
        }
    }
}
