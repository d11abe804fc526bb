using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.Win32.SafeHandles;

namespace FastMlx.Hub;

/// <summary>
/// Reads a header's JSON in pieces, so that memory grows with what is kept and with the longest string, never with what
/// a length field claims. Checks each entry by itself; <see cref="TensorLayout"/> checks them together.
/// </summary>
internal ref struct SafetensorsHeaderReader
{
    private const int PieceBytes = 64 * 1024;
    private const string MetadataName = "__metadata__";

    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly long _end;
    private readonly IncrementalHash _digest;
    private readonly List<TensorEntry> _tensors = [];
    private long _next;
    private byte[] _buffer;
    private int _filled;
    private Utf8JsonReader _json;

    public SafetensorsHeaderReader(string path, SafeFileHandle file, long start, int length, IncrementalHash digest)
    {
        _path = path;
        _file = file;
        _next = start;
        _end = start + length;
        _digest = digest;
        _buffer = new byte[Math.Min(length, PieceBytes)];
        Fill();
        // Objects in objects with arrays of numbers: three levels. A fourth is an error with a name of its own.
        var options = new JsonReaderOptions { MaxDepth = 4 };
        _json = new Utf8JsonReader(_buffer.AsSpan(0, _filled), _next == _end, new JsonReaderState(options));
    }

    public List<TensorEntry> Read()
    {
        try
        {
            if (_filled == 0 || _buffer[0] != (byte)'{')
                Fail(ModelFileProblem.NotJson, "the header does not begin with '{'");
            MustRead();
            ReadTensors();
            if (Next())
                Fail(ModelFileProblem.NotJson, "the header goes on after its object");
            return _tensors;
        }
        catch (JsonException e)
        {
            throw new ModelFileException(ModelFileProblem.NotJson, _path,
                $"{_path}: the header is not valid JSON. The file is damaged: download it again.", e);
        }
    }

    private void ReadTensors()
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (NextName())
        {
            string name = TakeName();
            if (!names.Add(name))
                Fail(ModelFileProblem.DuplicateName, $"the name {Printable(name)} appears twice");
            MustRead();
            if (name == MetadataName)
                ReadMetadata();
            else
                _tensors.Add(ReadTensor(name));
        }
    }

    private void ReadMetadata()
    {
        if (_json.TokenType != JsonTokenType.StartObject)
            Fail(ModelFileProblem.BadMetadata, "__metadata__ is not an object");
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (NextName())
        {
            if (!names.Add(TakeString(ModelFileProblem.BadMetadata, int.MaxValue)))
                Fail(ModelFileProblem.BadMetadata, "a name appears twice in __metadata__");
            MustRead();
            if (_json.TokenType != JsonTokenType.String)
                Fail(ModelFileProblem.BadMetadata, "__metadata__ may hold strings only");
            TakeString(ModelFileProblem.BadMetadata, int.MaxValue);
        }
    }

    private TensorEntry ReadTensor(string name)
    {
        if (_json.TokenType != JsonTokenType.StartObject)
            Fail(ModelFileProblem.BadEntry, $"tensor {Printable(name)} is not an object");
        TensorDtype? dtype = null;
        int[]? shape = null;
        (long Begin, long End)? offsets = null;
        while (NextName())
        {
            string field = TakeString(ModelFileProblem.BadEntry, 64);
            MustRead();
            bool again;
            switch (field)
            {
                case "dtype":
                    again = dtype is not null;
                    dtype = ReadDtype(name);
                    break;
                case "shape":
                    again = shape is not null;
                    shape = ReadShape(name);
                    break;
                case "data_offsets":
                    again = offsets is not null;
                    offsets = ReadOffsets(name);
                    break;
                default:
                    // A field that we do not know may change what the bytes mean.
                    Fail(ModelFileProblem.BadEntry, $"tensor {Printable(name)} has an unknown field");
                    again = false;
                    break;
            }
            if (again)
                Fail(ModelFileProblem.DuplicateName, $"tensor {Printable(name)} gives {field} twice");
        }
        if (dtype is null || shape is null || offsets is null)
            Fail(ModelFileProblem.BadEntry, $"tensor {Printable(name)} lacks dtype, shape or data_offsets");
        CheckSize(name, dtype.Value, shape, offsets.Value.End - offsets.Value.Begin);
        return new TensorEntry(name, dtype.Value, shape, offsets.Value.Begin, offsets.Value.End);
    }

    private TensorDtype ReadDtype(string name)
    {
        if (_json.TokenType != JsonTokenType.String || !TensorDtypes.TryParse(_json.ValueSpan, out TensorDtype dtype))
        {
            Fail(ModelFileProblem.BadDtype, $"tensor {Printable(name)} has a dtype that the format does not have");
            dtype = default;
        }
        return dtype;
    }

    private int[] ReadShape(string name)
    {
        if (_json.TokenType != JsonTokenType.StartArray)
            Fail(ModelFileProblem.BadShape, $"tensor {Printable(name)} has a shape that is not a list");
        Span<int> dims = stackalloc int[SafetensorsHeader.RankMax];
        int rank = 0;
        while (MustRead() != JsonTokenType.EndArray)
        {
            if (!TryTakeInteger(out long dim) || dim > int.MaxValue)
                Fail(ModelFileProblem.BadShape,
                    $"tensor {Printable(name)} has a dimension that is not a whole number from 0 to {int.MaxValue}");
            if (rank == dims.Length)
                Fail(ModelFileProblem.BadShape,
                    $"tensor {Printable(name)} has more than {SafetensorsHeader.RankMax} dimensions");
            dims[rank++] = (int)dim;
        }
        return dims[..rank].ToArray();
    }

    private (long Begin, long End) ReadOffsets(string name)
    {
        bool valid = _json.TokenType == JsonTokenType.StartArray;
        long begin = 0, end = 0;
        valid = valid && MustRead() == JsonTokenType.Number && TryTakeInteger(out begin);
        valid = valid && MustRead() == JsonTokenType.Number && TryTakeInteger(out end);
        valid = valid && MustRead() == JsonTokenType.EndArray && begin <= end;
        if (!valid)
            Fail(ModelFileProblem.BadOffsets,
                $"tensor {Printable(name)} has data_offsets that are not two ascending whole numbers");
        return (begin, end);
    }

    // The product is checked with zeros counted as ones: a stride computed from it must not overflow either.
    private readonly void CheckSize(string name, TensorDtype dtype, int[] shape, long bytes)
    {
        long product = 1;
        bool empty = false;
        foreach (int dim in shape)
        {
            empty |= dim == 0;
            UInt128 wide = (UInt128)(ulong)product * (uint)Math.Max(dim, 1);
            if (wide > long.MaxValue / 64)
                Fail(ModelFileProblem.SizeOverflow, $"tensor {Printable(name)} has a shape larger than any memory");
            product = (long)wide;
        }
        long bits = empty ? 0 : product * dtype.Bits();
        if (bits % 8 != 0)
            Fail(ModelFileProblem.SizeMismatch, $"tensor {Printable(name)} does not fill whole bytes");
        if (bits / 8 != bytes)
            Fail(ModelFileProblem.SizeMismatch,
                $"tensor {Printable(name)} needs {bits / 8} bytes by its shape and has {bytes} by its offsets");
    }

    /// <summary>Digits only: neither sign nor point nor exponent, up to 2^63-1.</summary>
    private readonly bool TryTakeInteger(out long value)
    {
        value = 0;
        return _json.TokenType == JsonTokenType.Number
            && _json.ValueSpan.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0
            && _json.TryGetInt64(out value);
    }

    private readonly string TakeName()
    {
        string name = TakeString(ModelFileProblem.BadName, SafetensorsHeader.NameBytesMax);
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
            Fail(ModelFileProblem.BadName, "a tensor has an empty name or one with a NUL character");
        return name;
    }

    private readonly string TakeString(ModelFileProblem kind, int bytesMax)
    {
        ReadOnlySpan<byte> raw = _json.ValueSpan;
        // An escape is at most 6 bytes for one byte of the name.
        if (raw.Length / 6 > bytesMax)
            Fail(kind, $"a name has more than {bytesMax} bytes");
        if (!Utf8.IsValid(raw))
            Fail(kind, "a string is not valid UTF-8");
        string text;
        try
        {
            text = _json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            Fail(kind, "a string holds half of a surrogate pair");
            return "";
        }
        if (text.Length > bytesMax || Encoding.UTF8.GetByteCount(text) > bytesMax)
            Fail(kind, $"a name has more than {bytesMax} bytes");
        return text;
    }

    private bool NextName()
    {
        MustRead();
        return _json.TokenType == JsonTokenType.PropertyName;
    }

    private JsonTokenType MustRead()
    {
        if (!Next())
            Fail(ModelFileProblem.NotJson, "the header ends too early");
        return _json.TokenType;
    }

    private bool Next()
    {
        while (!_json.Read())
        {
            if (_json.IsFinalBlock)
                return false;
            Refill();
        }
        return true;
    }

    private void Refill()
    {
        int consumed = (int)_json.BytesConsumed;
        int rest = _filled - consumed;
        byte[] target = rest <= _buffer.Length / 2
            ? _buffer : new byte[Math.Min(_buffer.Length * 2L, rest + _end - _next)];
        _buffer.AsSpan(consumed, rest).CopyTo(target);
        _buffer = target;
        _filled = rest;
        Fill();
        _json = new Utf8JsonReader(_buffer.AsSpan(0, _filled), _next == _end, _json.CurrentState);
    }

    private void Fill()
    {
        int count = (int)Math.Min(_buffer.Length - _filled, _end - _next);
        Span<byte> piece = _buffer.AsSpan(_filled, count);
        if (!FileReader.TryReadExactly(_file, piece, _next))
            Fail(ModelFileProblem.Changed, "the file became shorter while its header was read");
        _digest.AppendData(piece);
        _filled += count;
        _next += count;
    }

    private static string Printable(string name)
    {
        string text = name.Length > 80 ? name[..80] + "…" : name;
        return string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));
    }

    [DoesNotReturn]
    private readonly void Fail(ModelFileProblem kind, string what) =>
        throw new ModelFileException(kind, _path,
            $"{_path}: {what}. The file is damaged or hostile: download it again.");
}
