using System.Text;

namespace FastMlx.Chat.Tokenization;

/// <summary>Puts a text in front of every stretch that is not empty.</summary>
internal sealed class PrependNormalizer(string prefix) : TextNormalizer
{
    private readonly byte[] _prefix = Encoding.UTF8.GetBytes(prefix);

    public override bool TryNormalize(ReadOnlySpan<byte> input, ReadOnlySpan<byte> marks, ByteBuffer output,
        EncodeScratch scratch)
    {
        if (input.IsEmpty)
            return false;
        // The prefix is nobody's text, but it must not complete a control token for a user's text either.
        output.Append(_prefix, marks.IsEmpty ? (byte)0 : marks[0]);
        output.Append(input, marks);
        return true;
    }
}
