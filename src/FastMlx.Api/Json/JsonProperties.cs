namespace FastMlx.Api;

/// <summary>Walks an object's members, doubles included; owner -1 walks nothing.</summary>
internal struct JsonProperties(JsonTape? tape, int owner)
{
    private readonly int _end = owner < 0 ? 0 : tape![owner].End;
    private int _current = -1;

    public readonly JsonMember Current => new(new JsonValue(tape, _current), new JsonValue(tape, _current + 1));

    public readonly JsonProperties GetEnumerator() => this;

    public bool MoveNext()
    {
        if (owner < 0)
            return false;
        // A name is one node, its value the subtree behind it.
        _current = _current < 0 ? owner + 1 : tape![_current + 1].End;
        return _current < _end;
    }
}
