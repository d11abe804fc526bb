namespace FastMlx.Chat.Output;

/// <summary>
/// Turns one call after another into events: corrects names, coerces arguments by the tool's schema, drops unknown and
/// repeated keys, hoists buried required ones. The JSON it builds is valid at every <see cref="End"/>.
/// </summary>
internal sealed class CallWriter(IChatEventSink sink, ToolSchemas tools, CallPolicy policy) : IStringTarget
{
    private readonly Utf8Text _json = new();
    private readonly HashSet<string> _keys = [];
    private readonly List<KeyValuePair<string, JsonValue>> _buried = [];
    private string _name = "";
    private string? _id;
    private string _lastCall = "";
    private int _sentBytes;

    // Invariant: _json[.._completeBytes] and a closing brace are a JSON object.
    private int _completeBytes;
    private bool _isLive;
    private bool _isTextDropped;

    /// <summary>The open call's name, as it will be delivered.</summary>
    public string Name => _name;

    /// <summary>Calls delivered.</summary>
    public int Count { get; private set; }

    /// <summary>As many calls as the request wants have been delivered.</summary>
    public bool IsFull => policy.CountMax > 0 && Count >= policy.CountMax;

    public TruncatedCall? Truncated { get; private set; }

    /// <summary>A call has begun and not ended.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>The declared tool of the open call, or null.</summary>
    public ToolSchema? Tool { get; private set; }

    /// <summary>The call may still prove to be none, or a repetition: nothing is sent before its end.</summary>
    public bool IsHeld { get; set; }

    public void Begin(string name, string? id = null)
    {
        Tool = tools.Find(name);
        _name = Tool?.Name ?? CallNames.Clean(name);
        _id = id;
        _json.Clear();
        _json.Append((byte)'{');
        _completeBytes = 1;
        _sentBytes = 0;
        _keys.Clear();
        _buried.Clear();
        IsOpen = true;
        _isLive = policy.StreamsArguments && !IsHeld && Count < policy.CountMax;
        if (_isLive)
            sink.ToolCallBegin(_name, _id);
    }

    /// <summary>
    /// An id that came after the call's beginning; too late for a call that is delivered while it is written.
    /// </summary>
    public void SetId(string? id) => _id = id;

    /// <summary>The key's schema, where the key is known and new.</summary>
    public SchemaNode SchemaOf(string key) =>
        Tool?.Resolve(key) is { } declared ? Tool.SchemaOf(declared) : SchemaNode.Any;

    public bool Has(string key) => _keys.Contains(key);

    /// <summary>A parameter from a format without types.</summary>
    public void Text(string key, ReadOnlySpan<byte> raw)
    {
        if (BeginMember(key) is { } declared)
            EndMember(declared, ValueCoercion.FromText(raw, SchemaOf(declared)));
    }

    /// <summary>A parameter from a format with types.</summary>
    public void Value(string key, JsonValue value)
    {
        if (BeginMember(key) is { } declared)
            EndMember(declared, ValueCoercion.FromJson(value, SchemaOf(declared)));
    }

    /// <summary>A text parameter whose pieces follow; its schema must say that it is text.</summary>
    public void BeginText(string key)
    {
        _isTextDropped = BeginMember(key) is null;
        if (!_isTextDropped)
            _json.Append((byte)'"');
    }

    public void Piece(ReadOnlySpan<byte> utf8)
    {
        if (_isTextDropped)
            return;
        JsonText.WriteEscaped(_json, utf8);
        Send();
    }

    public void EndText()
    {
        if (_isTextDropped)
            return;
        _json.Append((byte)'"');
        _completeBytes = _json.Length;
        Send();
    }

    /// <summary>Every required parameter has come, or nothing is known of the tool.</summary>
    public bool HasRequired()
    {
        foreach (string key in Tool?.Parameters.Required ?? [])
        {
            if (!_keys.Contains(key) && !_buried.Exists(buried => buried.Key == key))
                return false;
        }
        return true;
    }

    public void End()
    {
        if (!IsOpen)
            return;
        IsOpen = false;
        foreach ((string key, JsonValue value) in _buried)
        {
            if (!_keys.Contains(key))
                Value(key, value);
        }
        _json.Append((byte)'}');
        string call = IsHeld ? $"{_name}\n{_json}" : "";
        bool isRepeated = IsHeld && call == _lastCall;
        if (Count >= policy.CountMax || isRepeated)
            return;
        Count++;
        if (!_isLive)
            sink.ToolCallBegin(_name, _id);
        sink.ToolCallArguments(_json.Span[_sentBytes..]);
        sink.ToolCallEnd();
        _lastCall = "";
    }

    /// <summary>Remembers the call that just ended, to know a repetition of it by.</summary>
    public void RememberLast() => _lastCall = $"{_name}\n{_json}";

    /// <summary>The text ended inside the call.</summary>
    public void Cut()
    {
        if (!IsOpen)
            return;
        IsOpen = false;
        _json.Truncate(_completeBytes);
        _json.Append((byte)'}');
        if (Count >= policy.CountMax)
            return;
        Truncated ??= new TruncatedCall(_name, _id, _json.ToString());
        if (_isLive)
            sink.ToolCallCut();
    }

    /// <summary>It was no call; only a held one can be taken back.</summary>
    public void Discard() => IsOpen = false;

    private string? BeginMember(string key)
    {
        string? declared = Tool is null ? key : Tool.Resolve(key);
        if (declared is null || !_keys.Add(declared))
            return null;
        if (_completeBytes > 1)
            _json.Append(", "u8);
        JsonText.WriteString(_json, declared);
        _json.Append(": "u8);
        return declared;
    }

    private void EndMember(string key, JsonValue value)
    {
        if (!value.IsScalar && Tool is not null)
            BuriedArguments.Collect(Tool, key, value, _keys, _buried);
        JsonText.Write(_json, value);
        _completeBytes = _json.Length;
        Send();
    }

    private void Send()
    {
        if (!_isLive)
            return;
        sink.ToolCallArguments(_json.Span[_sentBytes..]);
        _sentBytes = _json.Length;
    }
}
