using FastMlx.Chat.Grammar;
using FastMlx.Engine;

namespace FastMlx.Composition;

/// <summary>A grammar as the engine sees it: ids and bits.</summary>
internal sealed class GrammarConstraint(GrammarMatcher matcher) : ITokenConstraint
{
    public ReadOnlySpan<uint> Mask => matcher.Mask;

    public void Accept(int token) => matcher.Accept(token);

    /// <summary>For the same answer, going on behind reasoning that the server ended.</summary>
    public GrammarConstraint BehindThought() => new(matcher.BehindThought());
}
