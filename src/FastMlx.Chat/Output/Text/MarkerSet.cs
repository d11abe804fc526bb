using System.Buffers;

namespace FastMlx.Chat.Output;

/// <summary>The markers that count in one section of a format. Immutable, shared by all generations.</summary>
internal sealed class MarkerSet
{
    private readonly Marker[]?[] _byFirstByte = new Marker[]?[256];
    private readonly SearchValues<byte> _firstBytes;

    public MarkerSet(IReadOnlyList<Marker> markers)
    {
        Markers = markers;
        foreach (IGrouping<byte, Marker> group in markers.GroupBy(marker => marker.Bytes[0]))
            _byFirstByte[group.Key] = [.. group.OrderByDescending(marker => marker.Bytes.Length)];
        _firstBytes = SearchValues.Create([.. markers.Select(marker => marker.Bytes[0]).Distinct()]);
    }

    public IReadOnlyList<Marker> Markers { get; }

    /// <summary>Offset of the first byte that may begin a marker, or -1.</summary>
    public int Candidate(ReadOnlySpan<byte> text) => text.IndexOfAny(_firstBytes);

    /// <summary>
    /// The longest marker that begins <paramref name="text"/>. <paramref name="partialBytes"/> is not 0 where the text
    /// ends inside a longer one.
    /// </summary>
    public Marker? Match(ReadOnlySpan<byte> text, MarkerPlace place, out int partialBytes)
    {
        partialBytes = 0;
        foreach (Marker marker in _byFirstByte[text[0]] ?? [])
        {
            if (!Counts(marker.Place, place))
                continue;
            int common = text.CommonPrefixLength(marker.Bytes);
            if (common == marker.Bytes.Length)
                return marker;
            if (common == text.Length)
                partialBytes = marker.Bytes.Length;
        }
        return null;
    }

    /// <summary>The longest marker here that is markup in any case.</summary>
    public Marker? MatchMarkup(ReadOnlySpan<byte> text)
    {
        foreach (Marker marker in _byFirstByte[text[0]] ?? [])
        {
            bool isMarkup = marker.Kind != MarkerKind.MaybeCall && marker.Place == MarkerPlace.Anywhere;
            if (isMarkup && text.StartsWith(marker.Bytes))
                return marker;
        }
        return null;
    }

    private static bool Counts(MarkerPlace wanted, MarkerPlace here) => wanted switch
    {
        MarkerPlace.Start => here == MarkerPlace.Start,
        MarkerPlace.LineStart => here != MarkerPlace.Anywhere,
        _ => true,
    };
}
