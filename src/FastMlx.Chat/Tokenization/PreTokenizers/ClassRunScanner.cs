namespace FastMlx.Chat.Tokenization;

/// <summary>
/// One to <paramref name="max"/> characters with one of the <paramref name="wanted"/> bits, as `\p{N}{1,3}`.
/// </summary>
internal sealed class ClassRunScanner(int wanted, int max) : Scanner
{
    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        for (int n = 0; n < max && position < text.Length; n++)
        {
            if ((CharClasses.At(text, position, out int length) & wanted) == 0)
                break;
            position += length;
        }
        return position;
    }
}
