using System.Buffers;
using System.Text.Json;

namespace FastMlx.Claude;

/// <summary>
/// Merges variables into the <c>env</c> object of a Claude Code settings file. Everything else stays as it is, in its
/// order; a file that is not a JSON object is refused and not touched. The new file is renamed into place.
/// </summary>
internal static class SettingsFile
{
    private static readonly JsonWriterOptions Indented = new()
    {
        Indented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <exception cref="InvalidDataException">The file is not a JSON object, or its <c>env</c> is not one.</exception>
    public static void Merge(string path, IReadOnlyList<(string Name, string Value)> variables)
    {
        byte[] old = File.Exists(path) ? File.ReadAllBytes(path) : "{}"u8.ToArray();
        byte[] merged = Merged(path, old, variables);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        string aside = $"{path}.{Environment.ProcessId}.tmp";
        File.WriteAllBytes(aside, merged);
        if (File.Exists(path) && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(aside, File.GetUnixFileMode(path));
        File.Move(aside, path, overwrite: true);
    }

    internal static byte[] Merged(string path, byte[] old, IReadOnlyList<(string Name, string Value)> variables)
    {
        using JsonDocument document = Parse(path, old);
        var output = new ArrayBufferWriter<byte>(old.Length + 2048);
        using (var json = new Utf8JsonWriter(output, Indented))
        {
            bool done = false;
            json.WriteStartObject();
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
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

        output.Write("\n"u8);
        return output.WrittenSpan.ToArray();
    }

    private static JsonDocument Parse(string path, byte[] old)
    {
        try
        {
            JsonDocument document = JsonDocument.Parse(old);
            bool isGood = document.RootElement.ValueKind == JsonValueKind.Object
                && (!document.RootElement.TryGetProperty("env"u8, out JsonElement env)
                    || env.ValueKind == JsonValueKind.Object);
            return isGood
                ? document
                : throw new InvalidDataException(
                    $"{path} is not a settings file: it, or its \"env\", is no object. Not touched.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException(
                $"{path} is not valid JSON ({e.Message}). Not touched: mend it, then run this again.");
        }
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
