using System.Text.Json;

namespace FastMlx.Hub;

/// <summary>Small JSON files of a model, read without trust: bounded, no duplicate names, typed errors.</summary>
internal static class JsonFile
{
    public const long BytesMax = 64L * 1024 * 1024;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    public static T Read<T>(string path, Func<JsonElement, T> read) =>
        Read(path, FileReader.ReadSmall(path, BytesMax), read);

    /// <summary>Parses an object and hands it to <paramref name="read"/>. Overwrites parts of the content.</summary>
    public static T Read<T>(string path, byte[] content, Func<JsonElement, T> read)
    {
        ReplaceNonNumbers(content);
        ReadOnlyMemory<byte> text = content;
        if (text.Span.StartsWith("\uFEFF"u8))
            text = text[3..];
        try
        {
            using JsonDocument document = JsonDocument.Parse(text, Options);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Damaged(path, "is not a JSON object", null);
            return read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw Damaged(path, "is not valid JSON", e);
        }
        catch (InvalidOperationException e)
        {
            // Strings are decoded when they are read: bad UTF-8 and half surrogate pairs show only then.
            throw Damaged(path, "holds a string that is not valid text", e);
        }
    }

    public static ModelFileException Damaged(string path, string what, Exception? cause) => new(
        ModelFileProblem.NotJson, path, $"{path} {what}. Download the model again (`fastmlx pull`).", cause);

    /// <summary>
    /// Python writes NaN and Infinity as bare words (time_step_limit of Mamba models). In place, outside strings:
    /// Infinity becomes a number that overflows to it, NaN becomes 0, padded with spaces.
    /// </summary>
    internal static void ReplaceNonNumbers(Span<byte> text)
    {
        bool inString = false;
        for (int i = 0; i < text.Length; i++)
        {
            byte c = text[i];
            if (c == (byte)'"')
                inString = !inString;
            else if (c == (byte)'\\' && inString)
                i++;
            else if (inString)
                continue;
            else if (c == (byte)'N' && text[i..].StartsWith("NaN"u8))
                "0  "u8.CopyTo(text[i..]);
            else if (c == (byte)'I' && text[i..].StartsWith("Infinity"u8))
                "1e999   "u8.CopyTo(text[i..]);
        }
    }
}
