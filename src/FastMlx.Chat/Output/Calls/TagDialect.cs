using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>The tags of a syntax that writes each parameter between tags of its own.</summary>
internal sealed class TagDialect
{
    private readonly byte[][] _tags;

    /// <param name="headerClose">Ends an opening tag that carries a name.</param>
    /// <param name="tags">In the order of <see cref="DialectTag"/> from ParameterOpen on; null where there is none.</param>
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

    /// <summary>The tag at this offset; Partial where more bytes must come to know it.</summary>
    public DialectTag Match(ReadOnlySpan<byte> text)
    {
        DialectTag result = DialectTag.None;
        for (int index = 0; index < _tags.Length; index++)
        {
            byte[] tag = _tags[index];
            if (tag.Length == 0)
                continue;
            int common = text.CommonPrefixLength(tag);
            if (common == tag.Length)
                return (DialectTag)index;
            if (common == text.Length)
                result = DialectTag.Partial;
        }
        return result;
    }
}
