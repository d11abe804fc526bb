namespace FastMlx.Chat.Grammar;

/// <summary>The parts that all JSON grammars are made of: white space, strings, numbers, any value.</summary>
internal sealed class JsonParts
{
    // A model that likes white space must not write it for ever.
    private const int SpacesMax = 12, DigitsMax = 18, ExponentDigitsMax = 2, DepthMax = 12;

    private readonly Network _net;
    private readonly int[] _anyValues = new int[DepthMax + 1];

    public JsonParts(Network net)
    {
        _net = net;
        Array.Fill(_anyValues, -1);
        Space = Part(from =>
        {
            int end = net.Add();
            for (int i = 0; i < SpacesMax; i++)
            {
                int next = net.Add();
                net.Free(from, end);
                foreach (byte space in " \n\t"u8)
                    net.Link(from, space, space, next);
                from = next;
            }

            net.Free(from, end);
            return end;
        });
        Number = Part(from => WriteNumber(from, isInteger: false));
        Integer = Part(from => WriteNumber(from, isInteger: true));
        Text = Part(from => WriteText(from, 0, int.MaxValue));
    }

    public int Space { get; }

    public int Number { get; }

    public int Integer { get; }

    public int Text { get; }

    /// <summary>A part of its own: states that <paramref name="write"/> makes, with an end behind them.</summary>
    public int Part(Func<int, int> write)
    {
        int start = _net.Add();
        _net.Free(write(start), _net.AddEnd());
        return start;
    }

    /// <summary>Calls a part and returns the state behind it.</summary>
    public int Use(int from, int part)
    {
        int back = _net.Add(), call = _net.Add();
        _net.Free(from, call);
        _net.Call(call, part, back);
        return back;
    }

    /// <summary>Any value whose containers nest no deeper than is sensible.</summary>
    public int AnyValue(int depth = 0)
    {
        if (_anyValues[depth] >= 0)
            return _anyValues[depth];
        int start = _net.Add(), end = _net.AddEnd();
        _anyValues[depth] = start;
        foreach (int part in (int[])[Text, Number])
            _net.Free(Use(start, part), end);
        foreach (string word in (string[])["true", "false", "null"])
            _net.Free(_net.Literal(start, System.Text.Encoding.ASCII.GetBytes(word)), end);
        if (depth < DepthMax)
        {
            _net.Free(Use(start, AnyArray(depth)), end);
            _net.Free(Use(start, AnyObject(depth)), end);
        }

        return start;
    }

    public int AnyObject(int depth = 0) => Part(from => WriteMap(from, AnyValue(Math.Min(depth + 1, DepthMax))));

    public int AnyArray(int depth = 0) => Part(from =>
        WriteList(from, AnyValue(Math.Min(depth + 1, DepthMax)), 0, int.MaxValue));

    /// <summary>An object of any names with values of one kind.</summary>
    public int WriteMap(int from, int value)
    {
        int open = Use(_net.Literal(from, "{"u8), Space), close = _net.Add();
        int member = _net.Add();
        _net.Free(open, close);
        _net.Free(open, member);
        int colon = _net.Literal(Use(Use(member, Text), Space), ":"u8);
        int behind = Use(Use(Use(colon, Space), value), Space);
        _net.Free(Use(_net.Literal(behind, ","u8), Space), member);
        _net.Free(behind, close);
        return _net.Literal(close, "}"u8);
    }

    /// <summary>An array of values of one kind.</summary>
    public int WriteList(int from, int item, int least, int most)
    {
        int state = Use(_net.Literal(from, "["u8), Space), close = _net.Add();
        if (least == 0)
            _net.Free(state, close);
        for (int count = 1; count <= most; count++)
        {
            int start = _net.Add();
            _net.Free(state, start);
            int behind = Use(Use(start, item), Space);
            if (count >= least)
                _net.Free(behind, close);
            if (count == most)
                break;
            state = Use(_net.Literal(behind, ","u8), Space);
            if (most < int.MaxValue || count < least)
                continue;
            _net.Free(state, start); // this item again, as often as it likes
            break;
        }

        return _net.Literal(close, "]"u8);
    }

    /// <summary>A string of so many characters.</summary>
    public int WriteText(int from, int least, int most)
    {
        int state = _net.Literal(from, "\""u8), close = _net.Add();
        for (int count = 0; ; count++)
        {
            if (count >= least)
                _net.Free(state, close);
            if (count == most)
                break;
            _net.MarkText(state, most == int.MaxValue ? most : most - count);
            if (most == int.MaxValue && count >= least)
            {
                int body = _net.Add();
                _net.MarkText(body, most);
                _net.Free(state, body);
                WriteCharacter(body, body);
                _net.Free(body, close);
                break;
            }

            int next = _net.Add();
            WriteCharacter(state, next);
            state = next;
        }

        return _net.Literal(close, "\""u8);
    }

    // One character of a string: plain, escaped, or several bytes of well-formed UTF-8.
    private void WriteCharacter(int from, int to)
    {
        _net.Link(from, 0x20, 0x21, to);
        _net.Link(from, 0x23, 0x5B, to);
        _net.Link(from, 0x5D, 0x7F, to);
        int escape = _net.Add(), hex = _net.Add();
        _net.Link(from, (byte)'\\', (byte)'\\', escape);
        foreach (byte letter in "\"\\/bfnrt"u8)
            _net.Link(escape, letter, letter, to);
        _net.Link(escape, (byte)'u', (byte)'u', hex);
        WriteHex(hex, to);
        WriteUtf8(from, to);
    }

    // Four hexadecimal digits that are no half of a pair.
    private void WriteHex(int from, int to)
    {
        int second = _net.Add(), afterD = _net.Add(), third = _net.Add(), fourth = _net.Add();
        Digits(from, second, exceptD: true);
        _net.Link(from, (byte)'d', (byte)'d', afterD);
        _net.Link(from, (byte)'D', (byte)'D', afterD);
        _net.Link(afterD, (byte)'0', (byte)'7', third);
        Digits(second, third, exceptD: false);
        Digits(third, fourth, exceptD: false);
        Digits(fourth, to, exceptD: false);
    }

    private void Digits(int from, int to, bool exceptD)
    {
        _net.Link(from, (byte)'0', (byte)'9', to);
        foreach ((char low, char high) in (ReadOnlySpan<(char, char)>)[('a', 'c'), ('A', 'C'), ('e', 'f'), ('E', 'F')])
            _net.Link(from, (byte)low, (byte)high, to);
        if (exceptD)
            return;
        _net.Link(from, (byte)'d', (byte)'d', to);
        _net.Link(from, (byte)'D', (byte)'D', to);
    }

    private void WriteUtf8(int from, int to)
    {
        int last = _net.Add(), two = _net.Add(), three = _net.Add();
        _net.Link(last, 0x80, 0xBF, to);
        _net.Link(two, 0x80, 0xBF, last);
        _net.Link(three, 0x80, 0xBF, two);
        _net.Link(from, 0xC2, 0xDF, last);
        _net.Link(from, 0xE1, 0xEC, two);
        _net.Link(from, 0xEE, 0xEF, two);
        _net.Link(from, 0xF1, 0xF3, three);
        foreach ((byte lead, byte low, byte high, int next) in
            (ReadOnlySpan<(byte, byte, byte, int)>)[(0xE0, 0xA0, 0xBF, last), (0xED, 0x80, 0x9F, last),
                (0xF0, 0x90, 0xBF, two), (0xF4, 0x80, 0x8F, two)])
        {
            int special = _net.Add();
            _net.Link(from, lead, lead, special);
            _net.Link(special, low, high, next);
        }
    }

    private int WriteNumber(int from, bool isInteger)
    {
        int first = _net.Add(), end = _net.Add(), many = _net.Add();
        _net.Free(from, first);
        _net.Link(from, (byte)'-', (byte)'-', first);
        _net.Link(first, (byte)'0', (byte)'0', end);
        _net.Link(first, (byte)'1', (byte)'9', many);
        _net.Free(_net.Repeat(many, (byte)'0', (byte)'9', 0, DigitsMax - 1), end);
        if (isInteger)
            return end;
        int whole = end, fraction = _net.Add(), exponent = _net.Add();
        _net.Free(whole, fraction);
        _net.Free(_net.Repeat(_net.Literal(whole, "."u8), (byte)'0', (byte)'9', 1, DigitsMax), fraction);
        int sign = _net.Add(), digits = _net.Add();
        _net.Link(fraction, (byte)'e', (byte)'e', sign);
        _net.Link(fraction, (byte)'E', (byte)'E', sign);
        _net.Free(sign, digits);
        _net.Link(sign, (byte)'+', (byte)'+', digits);
        _net.Link(sign, (byte)'-', (byte)'-', digits);
        _net.Free(fraction, exponent);
        _net.Free(_net.Repeat(digits, (byte)'0', (byte)'9', 1, ExponentDigitsMax), exponent);
        return exponent;
    }
}
