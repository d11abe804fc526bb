using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>tokenizer_config.json and its companions. All of them may be absent.</summary>
internal sealed class TokenizerConfig
{
    private static readonly string[] SpecialNames =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

    private readonly Dictionary<string, string> _special = [];
    private readonly Dictionary<string, string> _templates = [];

    private TokenizerConfig(JsonElement root) => Root = root;

    public JsonElement Root { get; }

    public IReadOnlyDictionary<string, string> SpecialTokens => _special;

    public IReadOnlyDictionary<string, string> ChatTemplates => _templates;

    public static TokenizerConfig Read(string directory)
    {
        var config = new TokenizerConfig(ReadObject(directory, "tokenizer_config.json"));
        config.AddSpecial(config.Root);
        config.AddSpecial(ReadObject(directory, "special_tokens_map.json"));
        config.AddTemplates(directory);
        return config;
    }

    private static JsonElement ReadObject(string directory, string name)
    {
        string path = Path.Combine(directory, name);
        try
        {
            byte[] file = File.Exists(path) ? File.ReadAllBytes(path) : "{}"u8.ToArray();
            using JsonDocument document = JsonDocument.Parse(file);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new TokenizerException($"{name} is not an object.");
        }
        catch (JsonException e)
        {
            throw new TokenizerException($"{name} is not valid JSON: {e.Message}", e);
        }
    }

    // A token is a string or an object with its content; null and false mean that there is none.
    private void AddSpecial(JsonElement root)
    {
        foreach (string name in SpecialNames)
        {
            if (!root.TryGetProperty(name, out JsonElement value) || _special.ContainsKey(name))
                continue;
            if (value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out JsonElement content))
                value = content;
            if (value.ValueKind == JsonValueKind.String)
                _special[name] = value.GetString()!;
        }
    }

    private void AddTemplates(string directory)
    {
        AddTemplateField(ReadObject(directory, "chat_template.json"));
        AddTemplateField(Root);
        string more = Path.Combine(directory, "additional_chat_templates");
        if (Directory.Exists(more))
        {
            foreach (string path in Directory.EnumerateFiles(more, "*.jinja").Order(StringComparer.Ordinal))
                _templates[Path.GetFileNameWithoutExtension(path)] = File.ReadAllText(path);
        }
        string file = Path.Combine(directory, "chat_template.jinja");
        if (File.Exists(file))
            _templates["default"] = File.ReadAllText(file);
    }

    private void AddTemplateField(JsonElement root)
    {
        if (!root.TryGetProperty("chat_template", out JsonElement value))
            return;
        if (value.ValueKind == JsonValueKind.String)
            _templates["default"] = value.GetString()!;
        if (value.ValueKind != JsonValueKind.Array)
            return;
        foreach (JsonElement entry in value.EnumerateArray())
        {
            var fields = new JsonFields(entry, "a chat template");
            _templates[fields.Text("name")] = fields.Text("template");
        }
    }
}
