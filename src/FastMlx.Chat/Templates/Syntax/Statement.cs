namespace FastMlx.Chat.Templates;

internal enum Flow
{
    Next,
    Break,
    Continue,
}

/// <summary>Something that is carried out and may write.</summary>
internal abstract class Statement : Node
{
    public abstract Flow Execute(Frame frame, TextBuilder output);

    public abstract void Bind(BindContext context);

    public static Flow ExecuteAll(Statement[] body, Frame frame, TextBuilder output)
    {
        foreach (Statement statement in body)
        {
            frame.Run.Budget.Charge();
            Flow flow = statement.Execute(frame, output);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    protected static void BindAll(Statement[] body, BindContext context)
    {
        foreach (Statement statement in body)
            statement.Bind(context);
    }
}
