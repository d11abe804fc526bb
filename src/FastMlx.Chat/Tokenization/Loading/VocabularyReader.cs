using System.Text.Json;

namespace FastMlx.Chat.Tokenization;

/// <summary>Reads a model's vocabulary: {token: id, …} or [[token, score], …].</summary>
internal static class VocabularyReader
{
    public static void Read(ref Utf8JsonReader reader, ModelDraft draft, int fileLength)
    {
        // A token takes about 20 bytes in a file, its merges as many.
        var tokens = new TokenTable(Math.Clamp(fileLength / 40, 256, 300_000));
        draft.Scores = null;
        if (reader.TokenType == JsonTokenType.StartObject)
            ReadIds(ref reader, tokens);
        else if (reader.TokenType == JsonTokenType.StartArray)
            draft.Scores = ReadScores(ref reader, tokens);
        else
            throw Bad();
        tokens.Seal();
        draft.Tokens = tokens;
    }

    public static TokenizerException Bad() => new("tokenizer.json: the vocabulary is not what its model needs: "
        + "tokens with whole ids from 0, or with scores.");

    private static void ReadIds(ref Utf8JsonReader reader, TokenTable tokens)
    {
        var text = new JsonText();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadOnlySpan<byte> token = text.Of(ref reader);
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id < 0)
                throw Bad();
            tokens.Add(token, id);
        }
    }

    private static List<double> ReadScores(ref Utf8JsonReader reader, TokenTable tokens)
    {
        var text = new JsonText();
        var scores = new List<double>();
        while (reader.Read() && reader.TokenType == JsonTokenType.StartArray)
        {
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Bad();
            tokens.Add(text.Of(ref reader), scores.Count);
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number)
                throw Bad();
            scores.Add(reader.GetDouble());
            reader.Read();
            if (reader.TokenType != JsonTokenType.EndArray)
                throw Bad();
        }
        return reader.TokenType == JsonTokenType.EndArray ? scores : throw Bad();
    }
}
