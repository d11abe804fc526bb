namespace FastMlx.Api;

/// <summary>A value of a PDF file. Exactly the field of its kind is set.</summary>
internal sealed record PdfValue(PdfKind Kind)
{
    public static readonly PdfValue Null = new(PdfKind.Null);

    public double Number { get; init; }

    /// <summary>A name without its slash, or a keyword.</summary>
    public string Name { get; init; } = "";

    /// <summary>A string's bytes.</summary>
    public byte[] Bytes { get; init; } = [];

    public IReadOnlyList<PdfValue> Items { get; init; } = [];

    public IReadOnlyDictionary<string, PdfValue> Entries { get; init; } = new Dictionary<string, PdfValue>();

    /// <summary>A stream's bytes as they stand in the file; its dictionary is in <see cref="Entries"/>.</summary>
    public ReadOnlyMemory<byte>? Stream { get; init; }

    /// <summary>The number of the object that is referred to.</summary>
    public int Reference => (int)Number;

    public bool IsName(string name) => Kind == PdfKind.Name && Name == name;
}
