using System.Globalization;
using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>Reads what stands for one character in a pattern: [classes] and escapes.</summary>
internal readonly ref struct RegexSetReader(string pattern, bool ignoreCase)
{
    private const int MaxDepth = 20;

    private readonly string _pattern = pattern;

    /// <summary>Behind a [; moves behind its ].</summary>
    public CharSet Read(ref int position) => Read(ref position, 0);

    /// <summary>Behind a \: adds what the escape stands for; one character's escape is returned, else -1.</summary>
    public int AddEscape(CharSet set, ref int position)
    {
        char letter = _pattern[position++];
        if (letter is 'p' or 'P' && position < _pattern.Length && _pattern[position] == '{')
        {
            set.AddClass(ReadProperty(letter == 'P', ref position));
            return -1;
        }
        if (RegexClasses.Escape(char.ToLowerInvariant(letter)) is { } predicate)
        {
            set.AddClass(char.IsUpper(letter) ? RegexClasses.Not(predicate) : predicate);
            return -1;
        }
        int value = ReadCharacter(letter, ref position);
        set.AddRange(value, value);
        return value;
    }

    private CharSet Read(ref int position, int depth)
    {
        if (depth > MaxDepth)
            throw Bad("classes nested too deeply", position);
        bool negated = Peek(position) == '^';
        if (negated)
            position++;
        var set = new CharSet();
        CharSet current = set;
        List<CharSet> cuts = [];
        int start = position;
        while (Peek(position) != ']' || position == start)
        {
            if (Peek(position) == '\0' && position >= _pattern.Length)
                throw Bad("an unfinished class", position);
            if (Peek(position) == '&' && Peek(position + 1) == '&')
            {
                position += 2;
                current = new CharSet();
                cuts.Add(current);
            }
            else
            {
                ReadItem(current, ref position, depth);
            }
        }
        position++;
        foreach (CharSet cut in cuts)
            set.CutWith(cut.Seal(negated: false, ignoreCase));
        return set.Seal(negated, ignoreCase);
    }

    private void ReadItem(CharSet set, ref int position, int depth)
    {
        if (Peek(position) == '[')
        {
            position++;
            if (Peek(position) == ':' && TryPosix(set, ref position))
                return;
            set.AddClass(Read(ref position, depth + 1).Contains);
            return;
        }
        int first = ReadOne(set, ref position);
        bool range = first >= 0 && Peek(position) == '-' && Peek(position + 1) is not (']' or '\0');
        if (!range)
            return;
        int dash = position++;
        if (Peek(position) == '[')
        {
            position = dash;
            return;
        }
        int last = ReadOne(set, ref position);
        if (last < 0)
            set.AddRange('-', '-');
        else if (last < first)
            throw Bad("a range that runs backwards", position);
        else
            set.AddRange(first, last);
    }

    // Adds a character or an escape; returns the character, or -1 for a class.
    private int ReadOne(CharSet set, ref int position)
    {
        if (Peek(position) == '\\' && position + 1 < _pattern.Length)
        {
            position++;
            if (_pattern[position] == 'b')
            {
                position++;
                set.AddRange(8, 8);
                return 8;
            }
            return AddEscape(set, ref position);
        }
        Rune.DecodeFromUtf16(_pattern.AsSpan(position), out Rune rune, out int used);
        position += used;
        set.AddRange(rune.Value, rune.Value);
        return rune.Value;
    }

    private bool TryPosix(CharSet set, ref int position)
    {
        int end = _pattern.IndexOf(":]", position, StringComparison.Ordinal);
        if (end < 0)
            return false;
        bool negated = Peek(position + 1) == '^';
        string name = _pattern[(position + (negated ? 2 : 1))..end];
        if (RegexClasses.Property(name) is not { } predicate)
            return false;
        set.AddClass(negated ? RegexClasses.Not(predicate) : predicate);
        position = end + 2;
        return true;
    }

    private Predicate<int> ReadProperty(bool negated, ref int position)
    {
        int end = _pattern.IndexOf('}', position);
        if (end < 0)
            throw Bad("an unfinished property", position);
        string name = _pattern[(position + 1)..end];
        if (name.StartsWith('^'))
        {
            negated = !negated;
            name = name[1..];
        }
        position = end + 1;
        Predicate<int> predicate = RegexClasses.Property(name) ?? throw Bad($"the unknown property {name}", position);
        return negated ? RegexClasses.Not(predicate) : predicate;
    }

    private int ReadCharacter(char letter, ref int position)
    {
        switch (letter)
        {
            case 't': return '\t';
            case 'n': return '\n';
            case 'r': return '\r';
            case 'f': return '\f';
            case 'v': return '\v';
            case 'a': return '\a';
            case 'e': return 0x1B;
            case '0': return 0;
            case 'u': return ReadHex(4, ref position);
            case 'x' when Peek(position) == '{':
                position++;
                int value = ReadHex(6, ref position);
                if (Peek(position++) != '}')
                    throw Bad("an unfinished \\x{", position);
                return value;
            case 'x': return ReadHex(2, ref position);
        }
        if (char.IsAsciiLetterOrDigit(letter))
            throw Bad($"\\{letter}, which is not supported", position);
        position--;
        Rune.DecodeFromUtf16(_pattern.AsSpan(position), out Rune rune, out int used);
        position += used;
        return rune.Value;
    }

    private int ReadHex(int maxDigits, ref int position)
    {
        int start = position;
        while (position - start < maxDigits && char.IsAsciiHexDigit(Peek(position)))
            position++;
        return position > start
            ? int.Parse(_pattern.AsSpan(start, position - start), NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture)
            : throw Bad("a number without digits", position);
    }

    private char Peek(int position) => position < _pattern.Length ? _pattern[position] : '\0';

    private TokenizerException Bad(string what, int position) =>
        new($"The pattern has {what} at {position}: {_pattern}");
}
