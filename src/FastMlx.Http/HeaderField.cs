namespace FastMlx.Http;

/// <summary>Where a field lies in the head's bytes; the value is without the white space around it.</summary>
internal struct HeaderField
{
    public int NameStart;
    public int NameLength;
    public int ValueStart;
    public int ValueLength;

    /// <summary>
    /// More than one space before the value, a tab, or anything after it: legal, but not for framing fields.
    /// </summary>
    public bool OddSpace;
}
