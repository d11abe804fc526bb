namespace FastMlx.Chat.Templates;

/// <summary>Python's dict: insertion order, keys equal as Python's are (1 == 1.0 == True).</summary>
internal sealed class DictionaryValue : Value
{
    private const int LinearCount = 8;

    private readonly List<KeyValuePair<Value, Value>> _entries = [];

    // Built when the linear search becomes long; null until then and after a removal.
    private Dictionary<Value, int>? _index;

    public IReadOnlyList<KeyValuePair<Value, Value>> Entries => _entries;

    public override string TypeName => "dict";

    public override int Length => _entries.Count;

    public override bool IsTrue(Budget budget) => _entries.Count > 0;

    public override IEnumerable<Value> Iterate(Budget budget)
    {
        int count = _entries.Count;
        for (int i = 0; i < _entries.Count; i++)
        {
            budget.Charge();
            yield return _entries[i].Key;
            if (_entries.Count != count)
                throw TemplateException.Value("dictionary changed size during iteration");
        }
    }

    public bool TryGet(Value key, out Value value)
    {
        int at = Find(key);
        value = at < 0 ? NoneValue.Instance : _entries[at].Value;
        return at >= 0;
    }

    public bool TryGet(string key, out Value value)
    {
        for (int i = 0; i < _entries.Count; i++)
        {
            if (_entries[i].Key is StringValue text && text.Text == key)
            {
                value = _entries[i].Value;
                return true;
            }
        }

        value = NoneValue.Instance;
        return false;
    }

    public void Set(Value key, Value value)
    {
        int at = Find(key);
        if (at >= 0)
        {
            _entries[at] = new(_entries[at].Key, value);
            return;
        }

        _index?.Add(key, _entries.Count);
        _entries.Add(new(key, value));
    }

    public void Set(string key, Value value) => Set(new StringValue(key), value);

    public bool Remove(Value key, out Value value)
    {
        int at = Find(key);
        value = at < 0 ? NoneValue.Instance : _entries[at].Value;
        if (at < 0)
            return false;
        _entries.RemoveAt(at);
        _index = null;
        return true;
    }

    public void Clear()
    {
        _entries.Clear();
        _index = null;
    }

    public DictionaryValue Copy()
    {
        var copy = new DictionaryValue();
        copy._entries.AddRange(_entries);
        return copy;
    }

    private int Find(Value key)
    {
        Equality.RequireHashable(key);
        if (_entries.Count <= LinearCount)
        {
            for (int i = 0; i < _entries.Count; i++)
            {
                if (Equality.KeysEqual(_entries[i].Key, key))
                    return i;
            }

            return -1;
        }

        return (_index ??= MakeIndex()).TryGetValue(key, out int at) ? at : -1;
    }

    private Dictionary<Value, int> MakeIndex()
    {
        var index = new Dictionary<Value, int>(KeyComparer.Instance);
        for (int i = 0; i < _entries.Count; i++)
            index.Add(_entries[i].Key, i);
        return index;
    }
}
