using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>The spelling of a family's <see cref="GlmTag"/>s.</summary>
internal sealed class GlmTags
{
    private readonly byte[][] _tags;

    /// <param name="prefix">Before a tag's name: "longcat_".</param>
    /// <param name="suffix">Behind it: ":opensource".</param>
    public GlmTags(string prefix = "", string suffix = "")
    {
        string Tag(string slash, string name) => $"<{slash}{prefix}{name}{suffix}>";
        _tags =
        [
            .. new[]
            {
                Tag("", "arg_key"), Tag("/", "arg_key"), Tag("", "arg_value"), Tag("/", "arg_value"),
                Tag("", "tool_call"), Tag("/", "tool_call"), Tag("", "tool_sep"),
            }.Select(Encoding.UTF8.GetBytes),
        ];
    }

    public byte[] this[GlmTag tag] => _tags[(int)tag];

    /// <summary>The tag at this offset; End where the text ends before one is known.</summary>
    public async Flow<GlmTag> AtAsync(OutputReader reader, int offset)
    {
        while (true)
        {
            if (!await reader.Need(offset + 1))
                return GlmTag.End;
            GlmTag tag = Match(reader.Data[offset..]);
            if (tag != GlmTag.End || !await reader.Need(reader.Length + 1))
                return tag;
        }
    }

    /// <summary>The tag behind white space.</summary>
    public async Flow<GlmTag> NextAsync(OutputReader reader, int offset)
    {
        while (await reader.Need(offset + 1) && Space.IsAscii(reader[offset]))
            offset++;
        return await AtAsync(reader, offset);
    }

    private GlmTag Match(ReadOnlySpan<byte> text)
    {
        GlmTag result = GlmTag.None;
        for (int index = 0; index < _tags.Length; index++)
        {
            int common = text.CommonPrefixLength(_tags[index]);
            if (common == _tags[index].Length)
                return (GlmTag)index;
            if (common == text.Length)
                result = GlmTag.End;
        }
        return result;
    }
}
