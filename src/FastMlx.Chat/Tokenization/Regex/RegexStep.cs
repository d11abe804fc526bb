namespace FastMlx.Chat.Tokenization;

/// <summary>One instruction. Memo numbers a Split among those of its own (sub-)pattern.</summary>
internal sealed record RegexStep(RegexOp Op)
{
    public CharSet? Set { get; init; }

    public int A { get; set; }

    public int B { get; set; }

    public bool Negative { get; init; }

    public RegexAssertion Assertion { get; init; }

    public int Memo { get; set; } = -1;

    /// <summary>The number of the sub-pattern for Ahead, Behind and Atomic.</summary>
    public int Sub { get; set; }

    /// <summary>Behind: the lengths, in characters, that the sub-pattern can have.</summary>
    public int MinLength { get; set; }

    public int MaxLength { get; set; }
}
