namespace FastMlx.Chat.Output;

/// <summary>
/// The hot loop: passes text on as soon as it can be no part of a marker, and holds what may be one, together with the
/// white space before it. Allocates nothing.
/// </summary>
internal sealed class TextScanner(OutputReader reader, OutputText text)
{
    // Invariant: the first _heldBytes bytes of the reader are white space whose meaning depends on what follows.
    private int _heldBytes;

    /// <summary>The marker at which <see cref="ScanState.Found"/> stopped.</summary>
    public Marker? Marker { get; private set; }

    /// <summary>Bytes of white space between the last text and the marker; the reader stands before them.</summary>
    public int SpaceBytes => _heldBytes;

    public ScanState Next(MarkerSet markers)
    {
        int at = _heldBytes;
        while (true)
        {
            ReadOnlySpan<byte> data = reader.Data;
            int candidate = at < data.Length ? markers.Candidate(data[at..]) : -1;
            if (candidate < 0)
            {
                Release(data.Length);
                return Rest();
            }
            at += candidate;
            Marker = markers.Match(data[at..], PlaceOf(at), out int partialBytes);
            if (partialBytes > 0 && !reader.Final)
            {
                Release(at);
                return ScanState.NeedsMore;
            }
            if (Marker is not null)
            {
                Release(at);
                return ScanState.Found;
            }
            if (partialBytes > 0 && IsCutMarker(data.Length - at, partialBytes))
            {
                Release(at);
                reader.Skip(reader.Length);
                _heldBytes = 0;
                return ScanState.End;
            }
            at++;
        }
    }

    /// <summary>
    /// The found marker is text after all: its first byte is passed on with the space before it, unless a shorter
    /// marker stands there, which becomes the found one (true).
    /// </summary>
    public bool Reject(MarkerSet markers)
    {
        Marker = markers.MatchMarkup(reader.Data[_heldBytes..]);
        if (Marker is null)
            Pass(_heldBytes + 1);
        return Marker is not null;
    }

    /// <summary>Passes on the first bytes of the reader as text.</summary>
    public void Pass(int count)
    {
        text.Write(reader.Data[..count]);
        reader.Skip(count);
        _heldBytes = 0;
    }

    /// <summary>Consumes the marker and the space before it.</summary>
    public void Consume()
    {
        reader.Skip(_heldBytes + Marker!.Bytes.Length);
        _heldBytes = 0;
    }

    /// <summary>Forgets the space; the caller consumes it.</summary>
    public void Leave() => _heldBytes = 0;

    /// <summary>Passes on everything before <paramref name="end"/> but the white space at its end.</summary>
    private void Release(int end)
    {
        ReadOnlySpan<byte> fresh = reader.Data[_heldBytes..end];
        int space = Space.Trailing(fresh);
        if (space == fresh.Length)
        {
            _heldBytes = end;
            return;
        }
        Pass(end - space);
        _heldBytes = space;
    }

    private ScanState Rest()
    {
        if (!reader.Final)
            return ScanState.NeedsMore;
        // The reasoning's last white space is none of it; the answer's is, where there is an answer.
        if (text.IsThinking || text.IsAtStart)
            reader.Skip(reader.Length);
        else
            Pass(reader.Length);
        _heldBytes = 0;
        return ScanState.End;
    }

    private MarkerPlace PlaceOf(int at)
    {
        ReadOnlySpan<byte> before = reader.Data[_heldBytes..at];
        if (text.IsAtStart && Space.Trailing(before) == before.Length)
            return MarkerPlace.Start;
        byte last = at > 0 ? reader[at - 1] : text.Last;
        return last == (byte)'\n' ? MarkerPlace.LineStart : MarkerPlace.Anywhere;
    }

    /// <summary>The text ended inside a marker that can be nothing else.</summary>
    private static bool IsCutMarker(int bytes, int markerBytes) => bytes >= 4 && bytes * 2 > markerBytes;
}
