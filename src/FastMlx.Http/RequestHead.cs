using System.Buffers;
using System.Text;

namespace FastMlx.Http;

/// <summary>
/// The bytes of one request's head and where its parts lie in them. Filled by <see cref="HeadParser"/>, checked by
/// <see cref="HeadRules"/>; reused for each request of a connection.
/// </summary>
internal sealed class RequestHead : IDisposable
{
    private byte[] _bytes = [];
    private int _length;
    private HeaderField[] _fields = [];

    // Set by the parser.
    public Range MethodRange;
    public Range TargetRange;
    public int MinorVersion;

    // Set by the rules.
    public string Method = "";
    public string Path = "";
    public string Query = "";

    /// <summary>The announced length, or -1.</summary>
    public long ContentLength = -1;

    public bool Chunked;
    public bool KeepAlive;
    public bool ExpectContinue;

    public int Length => _length;

    public int FieldCount { get; private set; }

    public bool HasBody => Chunked || ContentLength > 0;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public ReadOnlySpan<HeaderField> Fields => _fields.AsSpan(0, FieldCount);

    public void Reset()
    {
        _length = 0;
        FieldCount = 0;
        MethodRange = TargetRange = default;
        MinorVersion = 0;
        Method = Path = Query = "";
        ContentLength = -1;
        Chunked = KeepAlive = ExpectContinue = false;
    }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (_bytes.Length - _length < bytes.Length) Grow(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    public void Append(byte b)
    {
        if (_bytes.Length == _length) Grow(1);
        _bytes[_length++] = b;
    }

    public void Add(in HeaderField field)
    {
        if (FieldCount == _fields.Length) Array.Resize(ref _fields, Math.Max(16, FieldCount * 2));
        _fields[FieldCount++] = field;
    }

    public ReadOnlySpan<byte> Name(in HeaderField field) => _bytes.AsSpan(field.NameStart, field.NameLength);

    public ReadOnlySpan<byte> Value(in HeaderField field) => _bytes.AsSpan(field.ValueStart, field.ValueLength);

    /// <summary>The first value of a field, whose bytes are valid UTF-8; null where absent.</summary>
    public string? Find(string name)
    {
        foreach (ref readonly HeaderField field in Fields)
        {
            if (field.NameLength == name.Length && Ascii.EqualsIgnoreCase(Name(field), name))
                return Encoding.UTF8.GetString(Value(field));
        }
        return null;
    }

    /// <summary>Gives the buffer back while a connection idles.</summary>
    public void Release()
    {
        Reset();
        if (_bytes.Length != 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
    }

    public void Dispose() => Release();

    private void Grow(int more)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(_length + more, Math.Max(2048, _bytes.Length * 2)));
        _bytes.AsSpan(0, _length).CopyTo(larger);
        if (_bytes.Length != 0) ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
