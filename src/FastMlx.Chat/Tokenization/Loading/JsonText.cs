using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// A JSON string's bytes without making a string: of the file where nothing is escaped, else of a buffer.
/// </summary>
internal sealed class JsonText
{
    private byte[] _unescaped = new byte[256];

    /// <summary>Lives until the next call. The reader is on a string or a property name.</summary>
    public ReadOnlySpan<byte> Of(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
            return reader.ValueSpan;
        if (reader.ValueSpan.Length > _unescaped.Length)
            _unescaped = new byte[reader.ValueSpan.Length * 2];
        return _unescaped.AsSpan(0, reader.CopyString(_unescaped));
    }
}
