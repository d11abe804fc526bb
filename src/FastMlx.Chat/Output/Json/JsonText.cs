using System.Text;

namespace FastMlx.Chat.Output;

/// <summary>Writes JSON: raw UTF-8, only what must be escaped is.</summary>
internal static class JsonText
{
    public static void Write(Utf8Text target, JsonValue value)
    {
        switch (value.Kind)
        {
            case JsonKind.Null:
                target.Append("null"u8);
                break;
            case JsonKind.True:
                target.Append("true"u8);
                break;
            case JsonKind.False:
                target.Append("false"u8);
                break;
            case JsonKind.Number:
                target.Append(value.Text);
                break;
            case JsonKind.String:
                WriteString(target, value.Text);
                break;
            case JsonKind.Array:
                WriteItems(target, value);
                break;
            default:
                WriteMembers(target, value);
                break;
        }
    }

    public static string ToString(JsonValue value)
    {
        var text = new Utf8Text();
        Write(text, value);
        return text.ToString();
    }

    public static void WriteString(Utf8Text target, string text)
    {
        target.Append((byte)'"');
        // Lone surrogates become U+FFFD here, as everywhere in UTF-8.
        WriteEscaped(target, Encoding.UTF8.GetBytes(text));
        target.Append((byte)'"');
    }

    /// <summary>The inside of a string literal.</summary>
    public static void WriteEscaped(Utf8Text target, ReadOnlySpan<byte> utf8)
    {
        while (!utf8.IsEmpty)
        {
            int plain = 0;
            while (plain < utf8.Length && utf8[plain] >= 0x20 && utf8[plain] is not ((byte)'"' or (byte)'\\'))
                plain++;
            target.Append(utf8[..plain]);
            if (plain == utf8.Length)
                return;
            WriteEscape(target, utf8[plain]);
            utf8 = utf8[(plain + 1)..];
        }
    }

    private static void WriteEscape(Utf8Text target, byte value)
    {
        target.Append((byte)'\\');
        switch (value)
        {
            case (byte)'"' or (byte)'\\':
                target.Append(value);
                break;
            case (byte)'\n':
                target.Append((byte)'n');
                break;
            case (byte)'\r':
                target.Append((byte)'r');
                break;
            case (byte)'\t':
                target.Append((byte)'t');
                break;
            default:
                target.Append("u00"u8);
                target.Append("0123456789abcdef"u8[value >> 4]);
                target.Append("0123456789abcdef"u8[value & 15]);
                break;
        }
    }

    private static void WriteItems(Utf8Text target, JsonValue array)
    {
        target.Append((byte)'[');
        for (int index = 0; index < array.Items.Count; index++)
        {
            if (index > 0)
                target.Append(", "u8);
            Write(target, array.Items[index]);
        }
        target.Append((byte)']');
    }

    private static void WriteMembers(Utf8Text target, JsonValue value)
    {
        target.Append((byte)'{');
        for (int index = 0; index < value.Members.Count; index++)
        {
            if (index > 0)
                target.Append(", "u8);
            WriteString(target, value.Members[index].Key);
            target.Append(": "u8);
            Write(target, value.Members[index].Value);
        }
        target.Append((byte)'}');
    }
}
