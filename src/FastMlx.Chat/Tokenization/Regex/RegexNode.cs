namespace FastMlx.Chat.Tokenization;

/// <summary>What a pattern is made of. A closed union: the cases are the nested records.</summary>
internal abstract record RegexNode
{
    public sealed record Empty : RegexNode;

    public sealed record One(CharSet Set) : RegexNode;

    public sealed record Sequence(IReadOnlyList<RegexNode> Parts) : RegexNode;

    public sealed record Choice(IReadOnlyList<RegexNode> Options) : RegexNode;

    /// <summary>Max -1: without limit.</summary>
    public sealed record Repeat(RegexNode Body, int Min, int Max, bool Lazy) : RegexNode;

    /// <summary>The first way that the body matches is the only one.</summary>
    public sealed record Atomic(RegexNode Body) : RegexNode;

    public sealed record Look(RegexNode Body, bool Behind, bool Negative) : RegexNode;

    public sealed record Assert(RegexAssertion Kind) : RegexNode;
}
