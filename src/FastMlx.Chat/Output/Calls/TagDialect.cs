using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>The tags of a syntax that writes each parameter between tags of its own.</summary>
internal sealed class TagDialect
{
    private readonly byte[][] _tags;

    /// <param name="headerClose">Ends an opening tag that carries a name.</param>
    /// <param name="tags">In the order of <see cref="DialectTag"/> from ParameterOpen on; null where there is
    /// none.</param>
    public TagDialect(string headerClose, params string?[] tags)
    {
        HeaderClose = Encoding.UTF8.GetBytes(headerClose);
        _tags = [.. tags.Select(tag => Encoding.UTF8.GetBytes(tag ?? ""))];
    }

    /// <summary>Ends the header of a function or a parameter.</summary>
    public byte[] HeaderClose { get; }

    /// <summary>The name ends at a quote and attributes follow.</summary>
    public bool IsQuoted { get; init; }

    /// <summary>One line break after the opening and one before the closing tag are no part of a value.</summary>
    public bool TrimsLineBreak { get; init; }

    /// <summary>The attribute by which the model says whether a value is plain text: `string="true"`.</summary>
    public string TextAttribute { get; init; } = "";


    public IReadOnlyList<byte[]> Tags => _tags;

    public byte[] this[DialectTag tag] => _tags[(int)tag];

    /// <summary>
    /// The longest tag that begins the text; Partial where the text ends inside a longer one and more of it
    /// (<paramref name="isFinal"/>) may come.
    /// </summary>
    public DialectTag Match(ReadOnlySpan<byte> text, bool isFinal)
    {
        DialectTag found = DialectTag.None;
        int foundBytes = 0;
        int partialBytes = 0;
        for (int index = 0; index < _tags.Length; index++)
        {
            byte[] tag = _tags[index];
            int common = text.CommonPrefixLength(tag);
            if (common == tag.Length && common > foundBytes)
            {
                found = (DialectTag)index;
                foundBytes = common;
            }
            else if (common == text.Length)
            {
                partialBytes = Math.Max(partialBytes, tag.Length);
            }
        }
        return partialBytes > foundBytes && (!isFinal || foundBytes == 0) ? DialectTag.Partial : found;
    }
}
