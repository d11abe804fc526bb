namespace FastMlx.Chat.Tokenization;

/// <summary>
/// The family of o200k, whose words are cut where the case rises: gpt-oss, MiniMax, Llama 4, Tekken, Kimi, Aya.
/// `[^\r\n\p{L}\p{N}]?UPPER*LOWER+contraction?|[^\r\n\p{L}\p{N}]?UPPER+LOWER*contraction?|NUMBERS| ?SYMBOLS|SPACES`
/// where UPPER is Lu, Lt, Lm, Lo, M and LOWER is Ll, Lm, Lo, M.
/// </summary>
internal sealed class CaseScanner : Scanner
{
    private const int Both = CharClasses.Caseless | CharClasses.Mark;
    private const int UpperSet = CharClasses.Upper | Both;
    private const int LowerSet = CharClasses.Lower | Both;
    private const int NotSymbols = CharClasses.White | CharClasses.Letter | CharClasses.Number;

    private readonly bool _contractions;
    private readonly int _maxNumbers;
    private readonly int _notLetters;
    private readonly byte _afterSymbols;

    /// <param name="contractions">`(?i:'s|'t|'re|'ve|'m|'ll|'d)?` after words.</param>
    /// <param name="maxNumbers">1 for `\p{N}`, 3 for `\p{N}{1,3}`.</param>
    /// <param name="slashAfterSymbols">`[\r\n/]*` instead of `[\r\n]*`.</param>
    /// <param name="hanApart">Kimi: `[\p{Han}]+` first, and Han in no letter class.</param>
    public CaseScanner(bool contractions, int maxNumbers, bool slashAfterSymbols, bool hanApart)
    {
        _contractions = contractions;
        _maxNumbers = maxNumbers;
        _afterSymbols = slashAfterSymbols ? (byte)'/' : (byte)'\n';
        _notLetters = hanApart ? CharClasses.Han : 0;
    }

    protected override int Match(ReadOnlySpan<byte> text, int position)
    {
        int bits = CharClasses.At(text, position, out int length);
        if ((bits & _notLetters) != 0)
            return Runs.While(text, position + length, CharClasses.Han);
        bool canLead = (bits & (CharClasses.LineEnd | CharClasses.Letter | CharClasses.Number)) == 0;
        int end = Word(text, position, length, bits, canLead);
        if (end > position)
            return _contractions ? Runs.Contraction(text, end, ignoreCase: true) : end;
        if ((bits & CharClasses.Number) != 0)
            return Runs.Numbers(text, position, _maxNumbers);
        return Symbols(text, position, bits);
    }

    // The alternatives in their order: rising word behind a leading character, rising word from here (a mark can do
    // both), then the same for words that do not rise.
    private int Word(ReadOnlySpan<byte> text, int position, int length, int bits, bool canLead)
    {
        bool canStart = (bits & (UpperSet | LowerSet)) != 0;
        int afterLead = position + length;
        int plainEnd = afterLead;
        if (canLead)
        {
            int end = Rising(text, afterLead, out plainEnd);
            if (end > afterLead)
                return end;
        }
        if (canStart)
        {
            int end = Rising(text, position, out int plainHere);
            if (end > position)
                return end;
            return canLead && plainEnd > afterLead ? plainEnd : plainHere;
        }
        return canLead && plainEnd > afterLead ? plainEnd : position;
    }

    /// <summary>
    /// The end of `UPPER*LOWER+`, or <paramref name="start"/>. <paramref name="plainEnd"/> is the end of `UPPER+LOWER*`
    /// in case that there is no lower part.
    /// </summary>
    private int Rising(ReadOnlySpan<byte> text, int start, out int plainEnd)
    {
        int position = start;
        // The end of the last character in the upper run that can also be the lower part.
        int lastBoth = start;
        while (position < text.Length)
        {
            int bits = CharClasses.At(text, position, out int length);
            if ((bits & UpperSet) == 0 || (bits & _notLetters) != 0)
                break;
            position += length;
            if ((bits & Both) != 0)
                lastBoth = position;
        }
        plainEnd = position;
        int end = Runs.While(text, position, LowerSet, _notLetters);
        return end > position ? end : lastBoth;
    }

    private int Symbols(ReadOnlySpan<byte> text, int position, int bits)
    {
        int start = text[position] == ' ' ? position + 1 : position;
        if ((bits & CharClasses.White) == 0 || start > position)
        {
            int end = Runs.WhileNot(text, start, NotSymbols);
            if (end > start)
                return Runs.LineEnds(text, end, _afterSymbols);
        }
        return (bits & CharClasses.White) == 0 ? position : Runs.White(text, position);
    }
}
