using System.Globalization;
using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>The Script property, read from the embedded scripts.bin (made by make_tables.py).</summary>
internal sealed class UnicodeScriptTable
{
    public const int Alphabetic = 2;
    public const int Lowercase = 4;
    public const int Uppercase = 8;

    private static readonly Lazy<UnicodeScriptTable> Loaded = new(Load);

    private readonly string[] _names;
    private readonly int[] _starts;
    private readonly int[] _ends;

    // From the lowest bit: in Unicode 9.0, alphabetic, lower case, upper case; then the number of the name.
    private const int NameShift = 4;
    private readonly int[] _values;

    private UnicodeScriptTable(string[] names, int[] starts, int[] ends, int[] values) =>
        (_names, _starts, _ends, _values) = (names, starts, ends, values);

    public static UnicodeScriptTable Instance => Loaded.Value;

    /// <summary>
    /// A script's characters by its name without separators, in lower case; null when there is none such.
    /// </summary>
    public static Predicate<int>? Find(string key)
    {
        UnicodeScriptTable table = Instance;
        int index = Array.FindIndex(table._names, name =>
            name.Replace("_", "", StringComparison.Ordinal).Equals(key, StringComparison.OrdinalIgnoreCase));
        if (index < 0)
            return null;
        return c => table.ValueOf(c) is var value && value >= 0 && value >> NameShift == index && IsAssigned(c);
    }

    /// <summary>The Alphabetic, Lowercase and Uppercase properties, which are wider than the categories.</summary>
    public static Predicate<int> Property(int bit)
    {
        UnicodeScriptTable table = Instance;
        return c => table.ValueOf(c) is var value && value >= 0 && (value & bit) != 0 && IsAssigned(c);
    }

    /// <summary>The number of a script as Unicode 9.0 has it; -1: not assigned there.</summary>
    public int InUnicode9(int codePoint)
    {
        // The reference's table differs from the standard's in these.
        if (codePoint is 0x589 or 0x61C)
            return Array.IndexOf(_names, "Common");
        if (codePoint is 0x953 or 0x954)
            return Array.IndexOf(_names, "Devanagari");
        int value = ValueOf(codePoint);
        return value >= 0 && (value & 1) != 0 ? value >> NameShift : -1;
    }

    public int NumberOf(string name) => Array.IndexOf(_names, name);

    // The table may be newer than the runtime.
    private static bool IsAssigned(int c) => CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.OtherNotAssigned;

    private static UnicodeScriptTable Load()
    {
        using Stream stream = typeof(UnicodeScriptTable).Assembly.GetManifestResourceStream("scripts.bin")
            ?? throw new InvalidOperationException("scripts.bin is not embedded.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        var reader = new VarintReader(bytes);
        string[] names = new string[reader.Next()];
        for (int i = 0; i < names.Length; i++)
            names[i] = Encoding.ASCII.GetString(reader.Bytes(reader.Next()));
        int count = reader.Next();
        int[] starts = new int[count], ends = new int[count], values = new int[count];
        int end = 0;
        for (int i = 0; i < count; i++)
        {
            starts[i] = end + reader.Next();
            ends[i] = end = starts[i] + reader.Next();
            values[i] = reader.Next();
        }
        return new UnicodeScriptTable(names, starts, ends, values);
    }

    private int ValueOf(int codePoint)
    {
        int i = Array.BinarySearch(_starts, codePoint);
        if (i < 0)
            i = ~i - 1;
        return i >= 0 && codePoint < _ends[i] ? _values[i] : -1;
    }
}
