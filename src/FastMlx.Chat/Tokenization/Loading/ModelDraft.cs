using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>What a file says about its model, read but not yet put together.</summary>
internal sealed class ModelDraft
{
    private readonly Dictionary<string, JsonElement> _small = [];

    /// <summary>The vocabulary, whether it is an object of ids or a list with scores.</summary>
    public TokenTable? Tokens { get; set; }

    /// <summary>Scores by id, of a list only.</summary>
    public List<double>? Scores { get; set; }

    public PairTable? Merges { get; set; }

    public bool Has(string name) => _small.ContainsKey(name);

    public void Set(string name, JsonElement value) => _small[name] = value;

    public string? Text(string name)
    {
        if (!_small.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Wrong(name, "a string");
    }

    public string Need(string name) => Text(name) ?? throw Missing(name);

    public bool Flag(string name)
    {
        if (!_small.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return false;
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Wrong(name, "true or false");
    }

    public int? Number(string name)
    {
        if (!_small.TryGetValue(name, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 0
            ? number
            : throw Wrong(name, "a number from 0");
    }

    /// <summary>Dropout is for training; a server never drops merges, but nonsense is refused.</summary>
    public void CheckDropout()
    {
        if (!_small.TryGetValue("dropout", out JsonElement value) || value.ValueKind == JsonValueKind.Null)
            return;
        if (value.ValueKind != JsonValueKind.Number || value.GetDouble() is not (>= 0 and <= 1))
            throw new TokenizerException("tokenizer.json: dropout is not between 0 and 1.");
    }

    public static TokenizerException Missing(string name) => new($"tokenizer.json: the model lacks {name}.");

    private static TokenizerException Wrong(string name, string wanted) =>
        new($"tokenizer.json: {name} of the model is not {wanted}.");
}
