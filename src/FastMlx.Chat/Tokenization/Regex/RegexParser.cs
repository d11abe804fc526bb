using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// Reads a pattern in the reference's syntax (Oniguruma's Ruby dialect): groups, options, look-around, classes with
/// nesting and &amp;&amp;, greedy, lazy and possessive repeats. Back references and other things that tokenizers do not
/// use are refused, not approximated.
/// </summary>
internal ref struct RegexParser(string pattern)
{
    private const int MaxDepth = 100;
    private const int MaxRepeat = 1000;

    private readonly string _pattern = pattern;
    private int _position;
    private bool _ignoreCase;
    private bool _dotAll;
    private bool _extended;

    public static RegexNode Parse(string pattern)
    {
        var parser = new RegexParser(pattern);
        RegexNode node = parser.ParseChoice(0);
        return parser._position == pattern.Length ? node : throw parser.Bad("an unmatched )");
    }

    private readonly bool AtEnd => _position >= _pattern.Length;

    private readonly char Current => _pattern[_position];

    private RegexNode ParseChoice(int depth)
    {
        if (depth > MaxDepth)
            throw Bad("groups nested too deeply");
        (bool, bool, bool) options = (_ignoreCase, _dotAll, _extended);
        var branches = new List<RegexNode> { ParseSequence(depth) };
        while (Take('|'))
            branches.Add(ParseSequence(depth));
        (_ignoreCase, _dotAll, _extended) = options;
        return branches.Count == 1 ? branches[0] : new RegexNode.Choice(branches);
    }

    private RegexNode ParseSequence(int depth)
    {
        var parts = new List<RegexNode>();
        while (!AtEnd && Current is not ('|' or ')'))
        {
            if (_extended && SkipExtended())
                continue;
            parts.Add(ParseRepeats(ParseAtom(depth)));
        }
        return parts.Count == 1 ? parts[0] : parts.Count == 0 ? new RegexNode.Empty() : new RegexNode.Sequence(parts);
    }

    private bool SkipExtended()
    {
        if (char.IsWhiteSpace(Current))
        {
            _position++;
            return true;
        }
        if (Current != '#')
            return false;
        while (!AtEnd && Current != '\n')
            _position++;
        return true;
    }

    private RegexNode ParseAtom(int depth)
    {
        char c = Current;
        switch (c)
        {
            case '(':
                _position++;
                return ParseGroup(depth);
            case '[':
                _position++;
                return new RegexNode.One(new RegexSetReader(_pattern, _ignoreCase).Read(ref _position));
            case '.':
                _position++;
                return new RegexNode.One(_dotAll ? CharSet.Of(_ => true) : CharSet.Of(x => x != '\n'));
            case '^':
                _position++;
                return new RegexNode.Assert(RegexAssertion.LineStart);
            case '$':
                _position++;
                return new RegexNode.Assert(RegexAssertion.LineEnd);
            case '\\':
                _position++;
                return ParseEscape();
            case '*' or '+' or '?':
                throw Bad("a repeat of nothing");
            default:
                return new RegexNode.One(CharSet.Of(TakeRune(), _ignoreCase));
        }
    }

    private RegexNode ParseGroup(int depth)
    {
        if (!Take('?'))
            return CloseGroup(ParseChoice(depth + 1));
        if (Take(':'))
            return CloseGroup(ParseChoice(depth + 1));
        if (Take('>'))
            return new RegexNode.Atomic(CloseGroup(ParseChoice(depth + 1)));
        if (Take('='))
            return new RegexNode.Look(CloseGroup(ParseChoice(depth + 1)), Behind: false, Negative: false);
        if (Take('!'))
            return new RegexNode.Look(CloseGroup(ParseChoice(depth + 1)), Behind: false, Negative: true);
        if (Take('#'))
        {
            while (!AtEnd && Current != ')')
                _position++;
            return CloseGroup(new RegexNode.Empty());
        }
        if (Take('<'))
        {
            if (Take('='))
                return new RegexNode.Look(CloseGroup(ParseChoice(depth + 1)), Behind: true, Negative: false);
            if (Take('!'))
                return new RegexNode.Look(CloseGroup(ParseChoice(depth + 1)), Behind: true, Negative: true);
            int close = _pattern.IndexOf('>', _position);
            _position = close < 0 ? throw Bad("an unfinished group name") : close + 1;
            return CloseGroup(ParseChoice(depth + 1));
        }
        return ParseOptions(depth);
    }

    private RegexNode ParseOptions(int depth)
    {
        (bool, bool, bool) before = (_ignoreCase, _dotAll, _extended);
        bool on = true;
        while (!AtEnd && Current is not (':' or ')'))
        {
            switch (_pattern[_position++])
            {
                case '-': on = false; break;
                case 'i': _ignoreCase = on; break;
                case 'm': _dotAll = on; break;
                case 'x': _extended = on; break;
                default: throw Bad("an unknown group or option");
            }
        }
        if (Take(')'))
        {
            // They hold to the end of the enclosing group, which becomes one alternative: a(?i)b|c is a(?i:b|c).
            RegexNode rest = ParseChoice(depth + 1);
            (_ignoreCase, _dotAll, _extended) = before;
            return rest;
        }
        if (!Take(':'))
            throw Bad("an unfinished group");
        RegexNode body = CloseGroup(ParseChoice(depth + 1));
        (_ignoreCase, _dotAll, _extended) = before;
        return body;
    }

    private RegexNode CloseGroup(RegexNode body) => Take(')') ? body : throw Bad("an unmatched (");

    private RegexNode ParseRepeats(RegexNode atom)
    {
        while (!AtEnd)
        {
            (int Min, int Max) count;
            bool braces = false;
            if (Take('*'))
                count = (0, -1);
            else if (Take('+'))
                count = (1, -1);
            else if (Take('?'))
                count = (0, 1);
            else if (Current == '{' && TryBraces(out count))
                braces = true;
            else
                return atom;
            if (count.Min > MaxRepeat || count.Max > MaxRepeat || count.Max >= 0 && count.Min > count.Max)
                throw Bad("a repeat count that is too large");
            atom = ApplyRepeat(atom, count, braces);
        }
        return atom;
    }

    // Behind braces + repeats the whole again, and {n}? makes it optional.
    private RegexNode ApplyRepeat(RegexNode atom, (int Min, int Max) count, bool braces)
    {
        if (!braces && Take('+'))
            return new RegexNode.Atomic(new RegexNode.Repeat(atom, count.Min, count.Max, Lazy: false));
        bool exact = braces && count.Min == count.Max;
        bool lazy = !exact && Take('?');
        return new RegexNode.Repeat(atom, count.Min, count.Max, lazy);
    }

    private bool TryBraces(out (int Min, int Max) count)
    {
        int start = _position++;
        int? min = TakeNumber();
        int? max = min;
        if (Take(','))
            max = TakeNumber() ?? (min is null ? null : -1);
        count = (min ?? 0, max ?? 0);
        if (max is not null && Take('}'))
            return true;
        // Not a repeat: a literal brace.
        _position = start;
        return false;
    }

    private int? TakeNumber()
    {
        int start = _position;
        while (!AtEnd && char.IsAsciiDigit(Current) && _position - start < 6)
            _position++;
        return _position > start ? int.Parse(_pattern.AsSpan(start, _position - start)) : null;
    }

    private RegexNode ParseEscape()
    {
        if (AtEnd)
            throw Bad("a \\ at the end");
        RegexAssertion? assertion = Current switch
        {
            'b' => RegexAssertion.WordBorder,
            'B' => RegexAssertion.NoWordBorder,
            'A' => RegexAssertion.TextStart,
            'z' => RegexAssertion.TextEnd,
            'Z' => RegexAssertion.TextEndOrLastLine,
            _ => null,
        };
        if (assertion is { } kind)
        {
            _position++;
            return new RegexNode.Assert(kind);
        }
        if (Current is >= '1' and <= '9' or 'k' or 'g' or 'G' or 'K' or 'R' or 'X' or 'y' or 'Y' or 'O' or 'N')
            throw Bad($"\\{Current}, which is not supported");
        var reader = new RegexSetReader(_pattern, _ignoreCase);
        var set = new CharSet();
        reader.AddEscape(set, ref _position);
        return new RegexNode.One(set.Seal(negated: false, _ignoreCase));
    }

    private bool Take(char c)
    {
        if (AtEnd || Current != c)
            return false;
        _position++;
        return true;
    }

    private int TakeRune()
    {
        Rune.DecodeFromUtf16(_pattern.AsSpan(_position), out Rune rune, out int used);
        _position += used;
        return rune.Value;
    }

    private readonly TokenizerException Bad(string what) =>
        new($"The pattern has {what} at {_position}: {_pattern}");
}
