namespace FastMlx.Chat.Templates;

/// <summary>A macro (or a call block's body) with the frame that it was defined in.</summary>
internal sealed class MacroValue(MacroDefinition definition, Frame parent) : Value
{
    public string? Name => definition.Name;

    public MacroDefinition Definition => definition;

    public override string TypeName => "Macro";

    public override bool IsCallable => true;

    public override Value Call(Evaluation run, Arguments arguments) => definition.Invoke(run, parent, arguments);
}
