using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>Reads ahead of the reader without consuming; each step is bounded.</summary>
internal sealed class LookAhead(OutputReader reader, int offset)
{
    private const int SpaceMax = 64;

    public int Offset { get; set; } = offset;

    /// <summary>The next byte that is no white space; -1 at the end or where there is too much space.</summary>
    public async Flow<int> PeekAsync()
    {
        for (int space = 0; space <= SpaceMax && await reader.Need(Offset + 1); space++)
        {
            if (!Space.IsAscii(reader[Offset]))
                return reader[Offset];
            Offset++;
        }
        return -1;
    }

    /// <summary>Passes white space and one byte, where it is the wanted one.</summary>
    public async Flow<bool> TakeAsync(byte wanted)
    {
        if (await PeekAsync() != wanted)
            return false;
        Offset++;
        return true;
    }

    /// <summary>Passes a tag, where it stands here.</summary>
    public async Flow<bool> TakeAsync(byte[] tag)
    {
        if (!await IsAtAsync(tag))
            return false;
        Offset += tag.Length;
        return true;
    }

    public async Flow<bool> IsAtAsync(byte[] tag)
    {
        for (int index = 0; index < tag.Length; index++)
        {
            if (!await reader.Need(Offset + index + 1) || reader[Offset + index] != tag[index])
                return false;
        }
        return true;
    }

    /// <summary>
    /// The text up to one of the end bytes, which is not passed; null where it is longer or the text ends.
    /// </summary>
    public async Flow<string?> TextUntilAsync(byte[] ends, int bytesMax)
    {
        int start = Offset;
        while (await reader.Need(Offset + 1) && Offset - start <= bytesMax)
        {
            if (ends.AsSpan().Contains(reader[Offset]))
                return Encoding.UTF8.GetString(reader.Data[start..Offset]);
            Offset++;
        }
        return null;
    }
}
