namespace FastMlx.Chat.Templates;

/// <summary>
/// A value of the template language; the closed set of its kinds lies in this folder. Semantics are Python's. Values
/// belong to one rendering, except the constants of a compiled template, which nothing changes.
/// </summary>
internal abstract class Value
{
    /// <summary>Python's type name, as in messages: "str", "NoneType".</summary>
    public abstract string TypeName { get; }

    public virtual bool IsTrue(Budget budget) => true;

    /// <summary>len(), or -1 where the type has none.</summary>
    public virtual int Length => -1;

    /// <summary>iter(), or null where the type has none.</summary>
    public virtual IEnumerable<Value>? Iterate(Budget budget) => null;

    public virtual bool IsCallable => false;

    public virtual Value Call(Evaluation run, Arguments arguments) =>
        throw TemplateException.Type($"'{TypeName}' object is not callable");
}
