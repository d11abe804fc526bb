namespace FastMlx.Chat.Tokenization;

/// <summary>The ByteLevel normalizer: every byte becomes its character of the alphabet.</summary>
internal sealed class AlphabetNormalizer : TextNormalizer
{
    public override bool TryNormalize(ReadOnlySpan<byte> input, ReadOnlySpan<byte> marks, ByteBuffer output,
        EncodeScratch scratch)
    {
        for (int i = 0; i < input.Length; i++)
            output.AppendRune(ByteAlphabet.CharacterOf(input[i]), marks.IsEmpty ? (byte)0 : marks[i]);
        return true;
    }
}
