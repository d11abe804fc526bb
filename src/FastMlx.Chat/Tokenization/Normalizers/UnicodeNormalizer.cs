namespace FastMlx.Chat.Tokenization;

/// <summary>
/// NFC, NFD, NFKC and NFKD: decompose, order the marks, compose. Linear, also in a million combining marks.
/// Text that cannot change, most text, is only looked through.
/// </summary>
internal sealed class UnicodeNormalizer(UnicodeForm form) : TextNormalizer
{
    private readonly NormalizationData _data = NormalizationData.Instance;
    private readonly bool _compatibility = form is UnicodeForm.Nfkc or UnicodeForm.Nfkd;
    private readonly bool _compose = form is UnicodeForm.Nfc or UnicodeForm.Nfkc;

    public override bool TryNormalize(ReadOnlySpan<byte> input, ReadOnlySpan<byte> marks, ByteBuffer output,
        EncodeScratch scratch)
    {
        if (IsNormal(input))
            return false;
        // A stretch runs from one starter that nothing joins to the next.
        List<long> runes = scratch.Runes;
        int position = 0;
        while (position < input.Length)
        {
            int end = EndOfStretch(input, position);
            byte mark = !marks.IsEmpty && marks[position..end].Contains((byte)1) ? (byte)1 : (byte)0;
            Decompose(input[position..end], runes);
            Order(runes);
            if (_compose)
                Compose(runes);
            foreach (long rune in runes)
                output.AppendRune((int)rune, mark);
            position = end;
        }
        return true;
    }

    private bool IsNormal(ReadOnlySpan<byte> input)
    {
        // Below U+0300 NFC changes nothing, below U+0080 no form does.
        byte first = form == UnicodeForm.Nfc ? (byte)0xCC : (byte)0x80;
        int position = input.IndexOfAnyInRange(first, byte.MaxValue);
        if (position < 0)
            return true;
        if (form != UnicodeForm.Nfc)
            return false;
        while (position < input.Length)
        {
            if (_data.IsNfcActive(Utf8Text.Decode(input, position, out int length)))
                return false;
            position += length;
        }
        return true;
    }

    private int EndOfStretch(ReadOnlySpan<byte> input, int position)
    {
        position += Utf8Text.LengthOf(input[position]);
        while (position < input.Length)
        {
            int c = Utf8Text.Decode(input, position, out int length);
            if (!_data.IsNfcActive(c) && !(_compatibility && _data.HasCompatibility(c)))
                break;
            position += length;
        }
        return position;
    }

    // Entries are class << 32 | code point.
    private void Decompose(ReadOnlySpan<byte> input, List<long> runes)
    {
        runes.Clear();
        int position = 0;
        while (position < input.Length)
        {
            int c = Utf8Text.Decode(input, position, out int length);
            position += length;
            if (c is >= 0xAC00 and < 0xD7A4)
            {
                int index = c - 0xAC00;
                runes.Add(0x1100 + index / 588);
                runes.Add(0x1161 + index % 588 / 28);
                if (index % 28 != 0)
                    runes.Add(0x11A7 + index % 28);
            }
            else if (c >= 0x80 && _data.Decompose(c, _compatibility) is { } parts)
            {
                foreach (int part in parts)
                    runes.Add((long)_data.ClassOf(part) << 32 | (uint)part);
            }
            else
            {
                runes.Add((long)_data.ClassOf(c) << 32 | (uint)c);
            }
        }
    }

    private static void Order(List<long> runes)
    {
        int start = 0;
        while (start < runes.Count)
        {
            if (runes[start] >> 32 == 0)
            {
                start++;
                continue;
            }
            int end = start + 1;
            bool ordered = true;
            while (end < runes.Count && runes[end] >> 32 != 0)
            {
                ordered &= runes[end] >> 32 >= runes[end - 1] >> 32;
                end++;
            }
            if (!ordered)
                SortStable(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(runes)[start..end]);
            start = end;
        }
    }

    // A counting sort: there are 256 classes.
    private static void SortStable(Span<long> marks)
    {
        Span<int> places = stackalloc int[257];
        places.Clear();
        foreach (long rune in marks)
            places[(int)(rune >> 32) + 1]++;
        for (int i = 1; i < places.Length; i++)
            places[i] += places[i - 1];
        long[] copy = marks.ToArray();
        foreach (long rune in copy)
            marks[places[(int)(rune >> 32)]++] = rune;
    }

    private void Compose(List<long> runes)
    {
        int starter = -1;
        int lastClass = -1;
        int n = 0;
        for (int i = 0; i < runes.Count; i++)
        {
            long rune = runes[i];
            int cls = (int)(rune >> 32);
            // Blocked: something of the same or a higher class stands between it and the starter.
            bool free = starter >= 0 && lastClass < cls;
            if (free && _data.Compose((int)runes[starter], (int)rune) is var composed && composed >= 0)
            {
                runes[starter] = composed;
                continue;
            }
            if (cls == 0)
            {
                starter = n;
                lastClass = -1;
            }
            else
            {
                lastClass = cls;
            }
            runes[n++] = rune;
        }
        runes.RemoveRange(n, runes.Count - n);
    }
}
