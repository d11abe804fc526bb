using System.Buffers;
using System.IO.Compression;

namespace FastMlx.Api;

/// <summary>
/// Decodes streams. A filter for pictures or one that is not known gives nothing; a broken stream what it has.
/// </summary>
internal static class PdfFilters
{
    /// <param name="stream">A dictionary with its raw bytes.</param>
    /// <param name="bytesMax">The most to decode: small files can hold large streams.</param>
    /// <param name="resolve">Follows references.</param>
    public static byte[]? Decode(PdfValue stream, int bytesMax, Func<PdfValue?, PdfValue> resolve)
    {
        ReadOnlyMemory<byte> data = stream.Stream ?? default;
        PdfValue filter = resolve(stream.Entries.GetValueOrDefault("Filter") ?? stream.Entries.GetValueOrDefault("F"));
        IReadOnlyList<PdfValue> filters = filter.Kind switch
        {
            PdfKind.Array => filter.Items,
            PdfKind.Name => [filter],
            _ => [],
        };
        foreach (PdfValue item in filters)
        {
            byte[]? decoded = resolve(item).Name switch
            {
                "FlateDecode" or "Fl" => Inflate(data, bytesMax),
                "ASCIIHexDecode" or "AHx" => FromHex(data.Span),
                "ASCII85Decode" or "A85" => FromAscii85(data.Span),
                _ => null,
            };
            if (decoded is null)
                return null;
            data = decoded;
        }
        return data.Length > bytesMax ? data[..bytesMax].ToArray() : data.ToArray();
    }

    public static byte[] FromHex(ReadOnlySpan<byte> text)
    {
        var bytes = new List<byte>(text.Length / 2);
        int high = -1;
        foreach (byte c in text)
        {
            int digit = c switch
            {
                >= (byte)'0' and <= (byte)'9' => c - '0',
                >= (byte)'a' and <= (byte)'f' => c - 'a' + 10,
                >= (byte)'A' and <= (byte)'F' => c - 'A' + 10,
                _ => -1,
            };
            if (c == '>')
                break;
            if (digit < 0)
                continue;
            if (high >= 0)
                bytes.Add((byte)(high << 4 | digit));
            high = high < 0 ? digit : -1;
        }
        if (high >= 0)
            bytes.Add((byte)(high << 4));
        return [.. bytes];
    }

    private static byte[] Inflate(ReadOnlyMemory<byte> data, int bytesMax)
    {
        using var input = new MemoryStream(data.ToArray());
        using var inflater = new ZLibStream(input, CompressionMode.Decompress);
        var output = new ArrayBufferWriter<byte>();
        try
        {
            int count;
            while (output.WrittenCount < bytesMax && (count = inflater.Read(output.GetSpan(8 * 1024))) > 0)
                output.Advance(count);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            // Files with a broken tail are common; what came before it is good.
        }
        return output.WrittenSpan[..Math.Min(output.WrittenCount, bytesMax)].ToArray();
    }

    private static byte[] FromAscii85(ReadOnlySpan<byte> text)
    {
        var bytes = new List<byte>(text.Length);
        uint group = 0;
        int count = 0;
        foreach (byte c in text)
        {
            if (c == '~')
                break;
            if (c == 'z' && count == 0)
                bytes.AddRange((ReadOnlySpan<byte>)[0, 0, 0, 0]);
            if (c is < (byte)'!' or > (byte)'u')
                continue;
            group = unchecked(group * 85 + c - '!');
            if (++count < 5)
                continue;
            Add(bytes, group, 4);
            group = 0;
            count = 0;
        }
        for (int i = count; count > 1 && i < 5; i++)
            group = unchecked(group * 85 + 84);
        if (count > 1)
            Add(bytes, group, count - 1);
        return [.. bytes];
    }

    private static void Add(List<byte> bytes, uint group, int count)
    {
        for (int i = 0; i < count; i++)
            bytes.Add((byte)(group >> (24 - 8 * i)));
    }
}
