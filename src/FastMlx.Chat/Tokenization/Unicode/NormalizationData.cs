namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Combining classes, decompositions and compositions of Unicode 9.0, read from the embedded normalization.bin (made by
/// make_tables.py). The runtime's own String.Normalize does nothing when globalization is invariant, and its Unicode is
/// newer than the reference's.
/// </summary>
internal sealed class NormalizationData
{
    private const int Starters = 0x300;

    private static readonly Lazy<NormalizationData> Loaded = new(Load);

    private readonly Dictionary<int, byte> _classes = [];
    private readonly Dictionary<int, int[]> _canonical = [];
    private readonly Dictionary<int, int[]> _compatibility = [];
    private readonly Dictionary<long, int> _composed = [];

    // Code points that can change NFC or be changed by it, as bits.
    private readonly uint[] _nfcActive = new uint[0x110000 / 32];

    private NormalizationData()
    {
    }

    public static NormalizationData Instance => Loaded.Value;

    public int ClassOf(int codePoint) => codePoint < Starters ? 0 : _classes.GetValueOrDefault(codePoint);

    /// <summary>The full decomposition (Hangul excepted), or null when the character is its own.</summary>
    public int[]? Decompose(int codePoint, bool compatibility)
    {
        if (compatibility && _compatibility.TryGetValue(codePoint, out int[]? compatible))
            return compatible;
        return _canonical.GetValueOrDefault(codePoint);
    }

    public bool HasCompatibility(int codePoint) => codePoint >= 0x80 && _compatibility.ContainsKey(codePoint);

    /// <summary>What two characters compose to, or -1.</summary>
    public int Compose(int first, int second)
    {
        if (first is >= 0x1100 and < 0x1113 && second is >= 0x1161 and < 0x1176)
            return 0xAC00 + ((first - 0x1100) * 21 + (second - 0x1161)) * 28;
        if (first is >= 0xAC00 and < 0xD7A4 && (first - 0xAC00) % 28 == 0 && second is > 0x11A7 and < 0x11C3)
            return first + (second - 0x11A7);
        return _composed.TryGetValue((long)first << 32 | (uint)second, out int composed) ? composed : -1;
    }

    /// <summary>False: text of such characters alone is in NFC.</summary>
    public bool IsNfcActive(int codePoint) => (_nfcActive[codePoint >> 5] >> (codePoint & 31) & 1) != 0;

    private static NormalizationData Load()
    {
        using Stream stream = typeof(NormalizationData).Assembly.GetManifestResourceStream("normalization.bin")
            ?? throw new InvalidOperationException("normalization.bin is not embedded.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var data = new NormalizationData();
        var reader = new VarintReader(bytes);
        data.ReadClasses(ref reader);
        ReadDecompositions(ref reader, data._canonical);
        ReadDecompositions(ref reader, data._compatibility);
        data.ReadPairs(ref reader);
        return data;
    }

    private static void ReadDecompositions(ref VarintReader reader, Dictionary<int, int[]> table)
    {
        int codePoint = 0;
        for (int n = reader.Next(); n > 0; n--)
        {
            codePoint += reader.Next();
            int[] parts = new int[reader.Next()];
            for (int i = 0; i < parts.Length; i++)
                parts[i] = reader.Next();
            table[codePoint] = parts;
        }
    }

    private void ReadClasses(ref VarintReader reader)
    {
        int end = 0;
        for (int n = reader.Next(); n > 0; n--)
        {
            int start = end + reader.Next();
            end = start + reader.Next();
            byte value = (byte)reader.Next();
            for (int c = start; c < end; c++)
            {
                _classes[c] = value;
                Activate(c);
            }
        }
    }

    private void ReadPairs(ref VarintReader reader)
    {
        // A character that decomposes is active unless it composes again; its second part always is.
        foreach (int c in _canonical.Keys)
            Activate(c);
        for (int n = reader.Next(); n > 0; n--)
        {
            int first = reader.Next();
            int second = reader.Next();
            int composed = reader.Next();
            _composed[(long)first << 32 | (uint)second] = composed;
            _nfcActive[composed >> 5] &= ~(1u << (composed & 31));
            Activate(second);
        }
        for (int c = 0x1161; c < 0x1176; c++)
            Activate(c);
        for (int c = 0x11A8; c < 0x11C3; c++)
            Activate(c);
    }

    private void Activate(int codePoint) => _nfcActive[codePoint >> 5] |= 1u << (codePoint & 31);
}
