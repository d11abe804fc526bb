namespace FastMlx.Chat.Templates;

/// <summary>The special variable `loop`: looks one item ahead, and knows the length where someone asks.</summary>
internal sealed class LoopValue : Value
{
    private readonly Value _source;
    private readonly Budget _budget;
    private readonly Func<Evaluation, Value, int, Value>? _recurse;
    private IEnumerator<Value> _items;
    private Value? _after;
    private Value? _current;
    private Value? _before;
    private Value[]? _lastChanged;
    private int _length = -1;

    public LoopValue(
        Value source, IEnumerable<Value> items, Budget budget, int depth, Func<Evaluation, Value, int, Value>? recurse)
    {
        _source = source;
        _items = items.GetEnumerator();
        _budget = budget;
        _recurse = recurse;
        Depth0 = depth;
    }

    public override string TypeName => "LoopContext";

    public int Index0 { get; private set; } = -1;

    public int Depth0 { get; }

    public bool IsLast => Peek() is null;

    public override bool IsCallable => true;

    public override int Length
    {
        get
        {
            if (_length >= 0)
                return _length;
            _length = _source.Length;
            if (_length < 0)
            {
                var rest = new List<Value>();
                while (_items.MoveNext())
                {
                    _budget.Charge();
                    rest.Add(_items.Current);
                }

                _items = rest.GetEnumerator();
                _length = rest.Count + Index0 + 1 + (_after is null ? 0 : 1);
            }

            return _length;
        }
    }

    public Value Previous => Index0 == 0 || _before is null
        ? new UndefinedValue("there is no previous item")
        : _before;

    public Value Next => Peek() ?? new UndefinedValue("there is no next item");

    public bool MoveNext(out Value item)
    {
        Value? next = Peek();
        item = next ?? NoneValue.Instance;
        if (next is null)
            return false;
        _after = null;
        Index0++;
        _before = _current;
        _current = next;
        return true;
    }

    public bool HasChanged(Value[] values)
    {
        if (_lastChanged is not null && Equality.AllEqual(_lastChanged, values, _budget))
            return false;
        _lastChanged = values;
        return true;
    }

    public override Value Call(Evaluation run, Arguments arguments)
    {
        if (_recurse is null)
        {
            throw TemplateException.Type(
                "The loop must have the 'recursive' marker to be called recursively.");
        }

        Value[] bound = arguments.Bind("loop", Signature.Iterable);
        return _recurse(run, bound[0], Depth0 + 1);
    }

    private Value? Peek()
    {
        if (_after is null && _items.MoveNext())
            _after = _items.Current;
        return _after;
    }
}
