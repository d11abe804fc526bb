namespace FastMlx.Chat.Templates;

internal enum DictionaryViewKind
{
    Keys,
    Values,
    Items,
}

/// <summary>dict.keys(), dict.values() and dict.items().</summary>
internal sealed class DictionaryView(DictionaryValue dictionary, DictionaryViewKind kind) : Value
{
    public DictionaryViewKind Kind => kind;

    public DictionaryValue Dictionary => dictionary;

    public override string TypeName => kind switch
    {
        DictionaryViewKind.Keys => "dict_keys",
        DictionaryViewKind.Values => "dict_values",
        _ => "dict_items",
    };

    public override int Length => dictionary.Length;

    public override bool IsTrue(Budget budget) => dictionary.Length > 0;

    public override IEnumerable<Value> Iterate(Budget budget)
    {
        int count = dictionary.Length;
        for (int i = 0; i < dictionary.Length; i++)
        {
            budget.Charge();
            KeyValuePair<Value, Value> entry = dictionary.Entries[i];
            yield return kind switch
            {
                DictionaryViewKind.Keys => entry.Key,
                DictionaryViewKind.Values => entry.Value,
                _ => new TupleValue([entry.Key, entry.Value]),
            };
            if (dictionary.Length != count)
                throw TemplateException.Value("dictionary changed size during iteration");
        }
    }
}
