using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>
/// String literals. A quote closes its string only where what follows fits the place that the string stands in, which
/// in valid JSON is always so; a quote that does not fit is text that the model forgot to escape.
/// </summary>
internal sealed class LiteralStrings(OutputReader input, IReadOnlyList<byte[]> stops)
{
    private const int KeyBytesMax = 128;
    private const int CloserRunMax = 64;

    /// <summary>
    /// Consumes a literal, quotes included, and appends its text to <paramref name="text"/>, or hands it to
    /// <paramref name="target"/> piece by piece. False where the input ends inside.
    /// </summary>
    public async Flow<bool> CopyAsync(StringPlace place, Utf8Text text, IStringTarget? target)
    {
        byte quote = input[0];
        input.Skip(1);
        while (await input.Need(1))
        {
            int plain = PlainLength(quote);
            text.Append(input.Data[..plain]);
            input.Skip(plain);
            if (target is not null && text.Length > 0)
            {
                target.Piece(text.Span);
                text.Clear();
            }
            if (input.Length == 0)
                continue;
            if (input[0] == '\\')
            {
                if (!await EscapeAsync(text))
                    return false;
                continue;
            }
            bool ends = await EndsAsync(place, quote);
            input.Skip(1);
            if (ends)
                return true;
            text.Append(quote);
        }
        return false;
    }

    /// <summary>One of the format's markers stands at this offset.</summary>
    public async Flow<bool> StopsAtAsync(int offset)
    {
        foreach (byte[] stop in stops)
        {
            int length = 0;
            while (length < stop.Length && await input.Need(offset + length + 1)
                && input[offset + length] == stop[length])
                length++;
            if (length == stop.Length)
                return true;
        }
        return false;
    }

    private int PlainLength(byte quote)
    {
        int plain = input.Data.IndexOfAny(quote, (byte)'\\');
        return plain < 0 ? input.Length : plain;
    }

    private async Flow<bool> EscapeAsync(Utf8Text text)
    {
        if (!await input.Need(2))
            return false;
        byte plain = input[1] switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'t' => (byte)'\t',
            (byte)'r' => (byte)'\r',
            (byte)'b' => (byte)'\b',
            (byte)'f' => (byte)'\f',
            (byte)'"' or (byte)'\'' or (byte)'\\' or (byte)'/' => input[1],
            _ => 0,
        };
        if (plain != 0)
        {
            text.Append(plain);
            input.Skip(2);
            return true;
        }
        if (input[1] == 'u' && await input.Need(6) && Hex(2) is { } unit)
        {
            await AppendUnitAsync(text, unit);
            return true;
        }
        // Not an escape: "C:\dir" and "\d+" mean their backslash.
        text.Append((byte)'\\');
        input.Skip(1);
        return true;
    }

    private async Flow<bool> AppendUnitAsync(Utf8Text text, char unit)
    {
        Rune rune = Rune.ReplacementChar;
        int length = 6;
        if (!char.IsSurrogate(unit))
        {
            rune = new Rune(unit);
        }
        else if (char.IsHighSurrogate(unit) && await input.Need(8) && input[6] == '\\' && input[7] == 'u'
            && await input.Need(12) && Hex(8) is { } low && char.IsLowSurrogate(low))
        {
            rune = new Rune(unit, low);
            length = 12;
        }
        text.Append(rune.ToString());
        input.Skip(length);
        return true;
    }

    private char? Hex(int offset)
    {
        ReadOnlySpan<byte> digits = input.Data.Slice(offset, 4);
        return Utf8Parser.TryParse(digits, out ushort value, out int used, 'x') && used == 4 ? (char)value : null;
    }

    /// <summary>The quote that the reader stands at closes its string.</summary>
    private async Flow<bool> EndsAsync(StringPlace place, byte quote)
    {
        if (place == StringPlace.Key)
            return true;
        int at = await SkipSpaceAsync(1);
        if (at < 0)
            return true;
        byte next = input[at];
        if (place == StringPlace.Argument || quote == '\'')
            return next is (byte)',' or (byte)')' or (byte)']' or (byte)'}' or (byte)':' || await StopsAtAsync(at);
        if (next is (byte)'}' or (byte)']')
            return await ClosersFitAsync(at);
        if (next == ',')
            return place == StringPlace.Item ? await ItemFollowsAsync(at + 1) : await KeyFollowsAsync(at + 1);
        if (next == '"' && place == StringPlace.Member)
            return await KeyFollowsAsync(at);
        return await StopsAtAsync(at);
    }

    /// <summary>After a run of closers a quote would be text again: `{"a": "b"}"`.</summary>
    private async Flow<bool> ClosersFitAsync(int at)
    {
        int end = at;
        while (end - at < CloserRunMax && await input.Need(end + 1) && input[end] is (byte)'}' or (byte)']')
            end++;
        return !await input.Need(end + 1) || input[end] != '"';
    }

    private async Flow<bool> ItemFollowsAsync(int offset)
    {
        int at = await SkipSpaceAsync(offset);
        return at < 0 || char.IsAsciiDigit((char)input[at]) || "\"'{[]-tfnTFN"u8.Contains(input[at]);
    }

    /// <summary>A key and its colon begin here, as far as the text goes.</summary>
    private async Flow<bool> KeyFollowsAsync(int offset)
    {
        int at = await SkipSpaceAsync(offset);
        if (at < 0 || input[at] == '}')
            return true;
        int end = input[at] is (byte)'"' or (byte)'\'' ? at + 1 : at;
        int limit = end + KeyBytesMax;
        while (await input.Need(end + 1) && end < limit && !EndsKey(input[end]))
            end++;
        if (end >= input.Length)
            return true;
        if (input[end] is (byte)'"' or (byte)'\'')
            end++;
        end = await SkipSpaceAsync(end);
        return end < 0 || input[end] == ':';
    }

    private static bool EndsKey(byte value) => value is (byte)'"' or (byte)'\'' or (byte)':' or (byte)'\n' or (byte)',';

    /// <summary>The offset of the next byte that is no space, or -1 at the end.</summary>
    private async Flow<int> SkipSpaceAsync(int offset)
    {
        while (await input.Need(offset + 1))
        {
            if (!Space.IsAscii(input[offset]))
                return offset;
            offset++;
        }
        return -1;
    }
}
