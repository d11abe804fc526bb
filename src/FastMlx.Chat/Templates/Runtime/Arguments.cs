namespace FastMlx.Chat.Templates;

/// <summary>What a call passes: values by position, then by name.</summary>
internal sealed class Arguments(Value[] positional, List<KeyValuePair<string, Value>>? named = null)
{
    public static readonly Arguments None = new([]);

    public Value[] Positional => positional;

    public IReadOnlyList<KeyValuePair<string, Value>> Named => named ?? (IReadOnlyList<KeyValuePair<string, Value>>)[];

    /// <summary>Values by parameter, null where none was given.</summary>
    public Value[] Bind(string function, Signature signature)
    {
        if (positional.Length > signature.Names.Length)
        {
            throw TemplateException.Type(
                $"{function}() takes {signature.Names.Length} arguments but {positional.Length} were given");
        }

        var bound = new Value[signature.Names.Length];
        positional.CopyTo(bound, 0);
        foreach ((string name, Value value) in Named)
        {
            int at = Array.IndexOf(signature.Names, name);
            if (at < 0)
                throw TemplateException.Type($"{function}() got an unexpected keyword argument '{name}'");
            if (bound[at] is not null)
                throw TemplateException.Type($"{function}() got multiple values for argument '{name}'");
            bound[at] = value;
        }

        for (int i = 0; i < signature.Required; i++)
        {
            if (bound[i] is null)
            {
                throw TemplateException.Type(
                    $"{function}() missing 1 required positional argument: '{signature.Names[i]}'");
            }
        }

        return bound;
    }

    /// <summary>The same call with a value before all others, as a filter has.</summary>
    public Arguments Prepend(Value first) => new([first, .. positional], named);
}
