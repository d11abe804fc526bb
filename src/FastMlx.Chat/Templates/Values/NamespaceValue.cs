namespace FastMlx.Chat.Templates;

/// <summary>jinja2's namespace(): the only object whose attributes a template can set.</summary>
internal sealed class NamespaceValue(DictionaryValue attributes) : Value
{
    public DictionaryValue Attributes { get; } = attributes;

    public override string TypeName => "Namespace";
}
