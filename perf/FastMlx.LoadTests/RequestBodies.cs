using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FastMlx.LoadTests;

/// <summary>The bodies of the requests: one for all, or each with a different beginning.</summary>
internal sealed class RequestBodies
{
    private const string DefaultPrompt = "Count slowly from one to one hundred, in words.";

    private readonly LoadOptions _options;
    private readonly string _prompt = DefaultPrompt;
    private readonly byte[]? _whole;

    public RequestBodies(LoadOptions options)
    {
        _options = options;
        if (options.PromptFile is not { } file) return;
        if (Path.GetExtension(file) == ".json") _whole = File.ReadAllBytes(file);
        else _prompt = File.ReadAllText(file);
    }

    public byte[] Next(long number)
    {
        if (_whole is not null) return _whole;
        string mark = _options.Unique ? number.ToString("x16", CultureInfo.InvariantCulture) + "\n" : "";
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteString("model", _options.Model);
            json.WriteNumber("max_tokens", _options.MaxTokens);
            json.WriteBoolean("stream", true);
            json.WriteStartArray("messages");
            json.WriteStartObject();
            json.WriteString("role", "user");
            json.WriteString("content", mark + _prompt);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }
}
