namespace FastMlx.Api;

/// <summary>Walks an array's items; owner -1 walks nothing.</summary>
internal struct JsonItems(JsonTape? tape, int owner)
{
    private readonly int _end = owner < 0 ? 0 : tape![owner].End;
    private int _current = -1;

    public readonly JsonValue Current => new(tape, _current);

    public readonly JsonItems GetEnumerator() => this;

    public bool MoveNext()
    {
        if (owner < 0)
            return false;
        _current = _current < 0 ? owner + 1 : tape![_current].End;
        return _current < _end;
    }
}
