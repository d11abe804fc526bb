namespace FastMlx.Chat.Grammar;

/// <summary>Where to go on behind the part that is being read; equal stacks are one object.</summary>
internal sealed record GrammarStack(int Return, GrammarStack? Below, int Depth, int Id)
{
    public bool Equals(GrammarStack? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => Id;
}
