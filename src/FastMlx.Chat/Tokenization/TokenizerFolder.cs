using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>
/// The tokenizer files of a model folder: tokenizer.json (or tokenizer.model or tiktoken ranks through the package),
/// tokenizer_config.json, special_tokens_map.json, chat_template.jinja. Immutable.
/// </summary>
public sealed class TokenizerFolder
{
    private TokenizerFolder(HfTokenizer tokenizer, TokenizerConfig config)
    {
        Tokenizer = tokenizer;
        SpecialTokens = config.SpecialTokens;
        ChatTemplates = config.ChatTemplates;
        Config = config.Root;
    }

    public HfTokenizer Tokenizer { get; }

    /// <summary>
    /// The named special tokens that the files set: bos_token, eos_token, unk_token, pad_token… → text. A template sees
    /// exactly these.
    /// </summary>
    public IReadOnlyDictionary<string, string> SpecialTokens { get; }

    /// <summary>Chat templates by name; a single one is "default".</summary>
    public IReadOnlyDictionary<string, string> ChatTemplates { get; }

    /// <summary>The default chat template's text, or null.</summary>
    public string? ChatTemplate => ChatTemplates.GetValueOrDefault("default");

    /// <summary>
    /// tokenizer_config.json for other readers (tool_parser_type, model_max_length); an object, maybe empty.
    /// </summary>
    public JsonElement Config { get; }

    /// <summary>The id of a named special token such as "eos_token", or null.</summary>
    public int? SpecialTokenId(string name) =>
        SpecialTokens.TryGetValue(name, out string? text) ? Tokenizer.TokenToId(text) : null;

    /// <summary>Reads a model folder's tokenizer.</summary>
    /// <exception cref="TokenizerException">There is no tokenizer, or it cannot be used.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    public static TokenizerFolder Load(string directory)
    {
        TokenizerConfig config = TokenizerConfig.Read(directory);
        string json = Path.Combine(directory, "tokenizer.json");
        if (File.Exists(json))
            return new TokenizerFolder(HfTokenizer.Load(File.ReadAllBytes(json)), config);
        TokenizerParts parts = PackageReader.Read(directory, config.Root)
            ?? throw new TokenizerException(
                $"There is no tokenizer.json, tokenizer.model or tiktoken file in {directory}.");
        return new TokenizerFolder(new HfTokenizer(parts), config);
    }
}
