namespace FastMlx.Chat.Templates;

/// <summary>
/// The variables of one activation of a template, macro, block or recursive loop. A null slot is a variable that has no
/// value (jinja2's `missing`).
/// </summary>
internal sealed class Frame(Evaluation run, int slots, Frame? parent)
{
    public Evaluation Run => run;

    public Value?[] Slots { get; } = new Value?[slots];

    public Frame? Parent => parent;

    public Frame Outer(int hops)
    {
        Frame frame = this;
        for (; hops > 0; hops--)
            frame = frame.Parent!;
        return frame;
    }
}
