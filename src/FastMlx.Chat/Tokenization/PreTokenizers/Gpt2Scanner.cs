namespace FastMlx.Chat.Tokenization;

/// <summary>
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, also inside ByteLevel.
/// </summary>
internal sealed class Gpt2Scanner : Scanner
{
    private const int NotSymbols = CharClasses.White | CharClasses.Letter | CharClasses.Number;

    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        int start = position;
        if (text[position] == ' ' && position + 1 < text.Length)
            start++;
        else if (Runs.Contraction(text, position, ignoreCase: false) is var end && end > position)
            return end;
        int bits = CharClasses.At(text, start, out int length);
        if ((bits & CharClasses.Letter) != 0)
            return Runs.While(text, start + length, CharClasses.Letter);
        if ((bits & CharClasses.Number) != 0)
            return Runs.While(text, start + length, CharClasses.Number);
        if ((bits & CharClasses.White) == 0)
            return Runs.WhileNot(text, start + length, NotSymbols);
        return Runs.White(text, position, lineEndsFirst: false);
    }
}
