using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FastMlx.Claude;

/// <summary>
/// Merges variables into the <c>env</c> object of a Claude Code settings file. Everything else stays as it is, in its
/// order; a file that is not one JSON object is refused and not touched. The new file is renamed into place, behind a
/// symbolic link where there is one.
/// </summary>
internal static class SettingsFile
{
    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Returns the names of the variables that stand there beside ours.</summary>
    /// <exception cref="InvalidDataException">The file is not a JSON object, or its <c>env</c> is not one.</exception>
    public static IReadOnlyList<string> Merge(string path, IReadOnlyList<(string Name, string Value)> variables)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        // Asking a file that is not there for its link's target throws.
        string target = new FileInfo(path).LinkTarget is null
            ? Path.GetFullPath(path)
            : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;
        byte[] old = File.Exists(target) ? File.ReadAllBytes(target) : [];
        byte[] merged = Merged(path, old, variables);
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        string aside = $"{target}.{Environment.ProcessId}.tmp";
        var create = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        // It may hold a key: a new file is the user's alone, an old one stays as open as it was.
        if (!OperatingSystem.IsWindows())
            create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using (var file = new FileStream(aside, create))
            file.Write(merged);
        if (File.Exists(target) && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(aside, File.GetUnixFileMode(target));
        File.Move(aside, target, overwrite: true);
        return OtherNames(merged, variables);
    }

    private static IReadOnlyList<string> OtherNames(
        byte[] merged, IReadOnlyList<(string Name, string Value)> variables)
    {
        using JsonDocument document = JsonDocument.Parse(merged);
        return [.. document.RootElement.GetProperty("env"u8).EnumerateObject()
            .Select(property => property.Name).Where(name => variables.All(v => v.Name != name))];
    }

    internal static byte[] Merged(string path, byte[] old, IReadOnlyList<(string Name, string Value)> variables)
    {
        using JsonDocument document = Parse(path, old);
        var output = new ArrayBufferWriter<byte>(old.Length + 2048);
        try
        {
            using var json = new Utf8JsonWriter(output, Indented);
            Write(json, document.RootElement, variables);
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair: it can be read, but no writer would give it back.
            throw new InvalidDataException(
                $"{path} holds text that is not Unicode. Not touched: mend it, then run this again.");
        }

        output.Write("\n"u8);
        return output.WrittenSpan.ToArray();
    }

    private static JsonDocument Parse(string path, byte[] old)
    {
        ReadOnlyMemory<byte> text = old;
        if (text.Span.StartsWith("\uFEFF"u8))
            text = text[3..];
        if (text.Span.Trim(" \t\r\n"u8).IsEmpty)
            text = "{}"u8.ToArray();
        try
        {
            JsonDocument document = JsonDocument.Parse(text);
            return IsSettings(document.RootElement)
                ? document
                : throw new InvalidDataException(
                    $"{path} is not a settings file: it is no object, or has not one object \"env\". Not touched.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"{path} is not valid JSON ({e.Message}). Not touched: mend it, then run this again.");
        }
    }

    private static bool IsSettings(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            return false;
        JsonProperty[] found = [.. root.EnumerateObject().Where(p => p.NameEquals("env"u8))];
        return found.Length == 0 || (found.Length == 1 && found[0].Value.ValueKind == JsonValueKind.Object);
    }

    private static void Write(
        Utf8JsonWriter json, JsonElement root, IReadOnlyList<(string Name, string Value)> variables)
    {
        bool done = false;
        json.WriteStartObject();
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.NameEquals("env"u8))
            {
                WriteVariables(json, property.Value, variables);
                done = true;
            }
            else
            {
                property.WriteTo(json);
            }
        }

        if (!done)
            WriteVariables(json, null, variables);
        json.WriteEndObject();
    }

    private static void WriteVariables(
        Utf8JsonWriter json, JsonElement? old, IReadOnlyList<(string Name, string Value)> variables)
    {
        json.WriteStartObject("env"u8);
        if (old is { } element)
        {
            foreach (JsonProperty property in element.EnumerateObject())
            {
                if (!variables.Any(v => property.NameEquals(v.Name)))
                    property.WriteTo(json);
            }
        }

        foreach ((string name, string value) in variables)
            json.WriteString(name, value);
        json.WriteEndObject();
    }
}
