namespace FastMlx.Chat.Tokenization;

/// <summary>
/// The family of cl100k: Llama 3, GLM, Qwen 2 to 3.8, Seed, Ling and the demo model.
/// `contraction|[^\r\n\p{L}\p{N}]?LETTERS+|NUMBERS| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
/// </summary>
internal sealed class WordScanner : Scanner
{
    private readonly bool _contractions;
    private readonly int _maxNumbers;
    private readonly int _letters;
    private readonly int _notSymbols;
    private readonly bool _lineEndsAfterSymbols;

    /// <param name="contractions">The pattern begins with `(?i:'s|'t|'re|'ve|'m|'ll|'d)`.</param>
    /// <param name="maxNumbers">1 for `\p{N}`, 3 for `\p{N}{1,3}`.</param>
    /// <param name="marksAreLetters">`[\p{L}\p{M}]+` and `[^\s\p{L}\p{M}\p{N}]+` (Qwen 3.5).</param>
    /// <param name="lineEndsAfterSymbols">False for Seed's `[^\s\p{L}\p{N}\r\n]+`.</param>
    public WordScanner(bool contractions, int maxNumbers, bool marksAreLetters, bool lineEndsAfterSymbols = true)
    {
        _contractions = contractions;
        _maxNumbers = maxNumbers;
        _letters = CharClasses.Letter | (marksAreLetters ? CharClasses.Mark : 0);
        _notSymbols = CharClasses.White | CharClasses.Number | _letters;
        _lineEndsAfterSymbols = lineEndsAfterSymbols;
    }

    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        int bits = CharClasses.At(text, position, out int length);
        if ((bits & CharClasses.Letter) != 0)
            return Runs.While(text, position + length, _letters);
        if (text[position] == '\'' && _contractions)
        {
            int end = Runs.Contraction(text, position, ignoreCase: true);
            if (end > position)
                return end;
        }
        if ((bits & CharClasses.Number) != 0)
            return Runs.Numbers(text, position, _maxNumbers);
        if ((bits & CharClasses.LineEnd) == 0)
        {
            int end = Runs.While(text, position + length, _letters);
            // A mark that nothing follows can still be the word itself.
            if (end > position + length || (bits & _letters) != 0)
                return end;
        }
        return Symbols(text, position, length, bits);
    }

    private int Symbols(ReadOnlySpan<byte> text, int position, int length, int bits)
    {
        int start = text[position] == ' ' ? position + 1 : position;
        if ((bits & CharClasses.White) == 0 || start > position)
        {
            int end = Runs.WhileNot(text, start, _notSymbols);
            if (end > start)
                return _lineEndsAfterSymbols ? Runs.LineEnds(text, end) : end;
        }
        return Runs.White(text, position);
    }
}
