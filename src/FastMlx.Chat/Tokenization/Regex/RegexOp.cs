namespace FastMlx.Chat.Tokenization;

/// <summary>What an instruction of a compiled pattern does.</summary>
internal enum RegexOp
{
    /// <summary>One character of the set, then the next instruction.</summary>
    One,

    /// <summary>All characters of the set, without giving any back.</summary>
    Run,

    /// <summary>First A; if that fails, B.</summary>
    Split,

    /// <summary>Go on at A.</summary>
    Jump,

    /// <summary>The sub-pattern behind this instruction matches (or not); go on at A.</summary>
    Ahead,

    /// <summary>The same for text that ends here.</summary>
    Behind,

    /// <summary>The sub-pattern matches, its first way is final; go on at A.</summary>
    Atomic,

    Assert,

    /// <summary>The end of the pattern or of a sub-pattern.</summary>
    Match,
}
