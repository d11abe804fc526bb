using System.Globalization;
using FastMlx.Chat;

namespace FastMlx.Api;

/// <summary>
/// logit_bias: an object of token ids and numbers, or llama.cpp's list of pairs, in which false bans a token.
/// </summary>
internal static class LogitBias
{
    private const int CountMax = 4096;
    private const string Path = "logit_bias";

    public static IReadOnlyList<TokenBias> Read(JsonValue value, ReadContext context)
    {
        List<TokenBias> biases = [];
        if (value.IsArray)
        {
            foreach (JsonValue pair in value.Items)
                ReadPair(pair, biases, context);
        }
        else if (value.IsObject)
        {
            foreach (JsonMember member in value.Properties)
                ReadMember(member, biases, context);
        }
        else if (!value.IsNull)
        {
            context.Problems.Add(Path, "Input should be a valid dictionary");
        }

        if (biases.Count > CountMax)
            context.Problems.Add(Path, $"at most {CountMax} tokens can be biased");
        if (biases.Count == 0)
            return [];
        return biases;
    }

    /// <summary>A list of token ids.</summary>
    public static IReadOnlyList<int> ReadTokens(JsonValue value, string path, ReadContext context)
    {
        List<int> tokens = [];
        if (!value.IsNull && !value.IsArray)
            context.Problems.Add(path, "Input should be a valid list");
        foreach (JsonValue item in value.Items)
        {
            if (item.TryInteger(out long id) && id is >= 0 and <= int.MaxValue && tokens.Count < CountMax)
                tokens.Add((int)id);
            else
                context.Problems.Add(path, "Input should be token ids");
        }

        if (tokens.Count == 0)
            return [];
        return tokens;
    }

    private static void ReadMember(JsonMember member, List<TokenBias> biases, ReadContext context)
    {
        string name = member.Name.Text;
        if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int token))
            Add(token, member.Value, biases, context);
        else
            context.Problems.Add($"{Path}.{name}", "keys must be token ids of the model's vocabulary");
    }

    private static void ReadPair(JsonValue pair, List<TokenBias> biases, ReadContext context)
    {
        List<JsonValue> parts = [];
        foreach (JsonValue part in pair.Items)
            parts.Add(part);
        if (parts.Count == 2 && parts[0].TryInteger(out long token) && token is >= 0 and <= int.MaxValue)
            Add((int)token, parts[1], biases, context);
        else
            context.Problems.Add(Path, "Input should be pairs of a token id and a number");
    }

    private static void Add(int token, JsonValue value, List<TokenBias> biases, ReadContext context)
    {
        if (value.IsBoolean && !value.IsTrue)
            biases.Add(new TokenBias(token, float.NegativeInfinity));
        else if (value.TryDouble(out double bias) && bias is >= -100 and <= 100)
            biases.Add(new TokenBias(token, (float)bias));
        else
            context.Problems.Add($"{Path}.{token.ToString(CultureInfo.InvariantCulture)}", "range: -100..100");
    }
}
