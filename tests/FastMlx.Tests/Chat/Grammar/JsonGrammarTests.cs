using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FastMlx.Chat.Grammar;
using Xunit;

namespace FastMlx.Tests.Chat.Grammar;

/// <summary>
/// Answers of models that choose at random among the allowed tokens: each that ends must parse and fit its schema.
/// </summary>
public sealed class JsonGrammarTests
{
    private const int Walks = 60, TokensMax = 1500;

    private static readonly string[] Schemas =
    [
        "{}",
        """{"type":"object","properties":{"title":{"type":"string"}},"required":["title"],"additionalProperties":false}""",
        """
        {"type":"object","properties":{"isNewTopic":{"type":"boolean"},"title":{"type":["string","null"]}},
         "required":["isNewTopic","title"],"additionalProperties":false}
        """,
        """
        {"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"number"},"c":{"enum":["x","y\"z",3,null,true]},
         "d":{"const":{"k":[1,2]}},"größe":{"type":"string","minLength":2,"maxLength":5}},"required":["b","größe"]}
        """,
        """{"type":"array","items":{"type":"integer"},"minItems":2,"maxItems":4}""",
        """{"type":"array","items":{"type":"boolean"},"minItems":1}""",
        """
        {"type":"object","properties":{"steps":{"type":"array","maxItems":3,"items":{"type":"object","properties":
         {"explanation":{"type":"string","maxLength":20},"output":{"type":"string","maxLength":20}},
         "required":["explanation","output"],"additionalProperties":false}},"answer":{"type":"string","maxLength":9}},
         "required":["steps","answer"],"additionalProperties":false}
        """,
        """
        {"anyOf":[{"type":"object","properties":{"kind":{"const":"a"},"n":{"type":"integer"}},"required":["kind","n"]},
         {"type":"object","properties":{"kind":{"const":"b"},"s":{"type":"string"}},"required":["kind","s"]},{"type":"null"}]}
        """,
        """
        {"$defs":{"node":{"type":"object","properties":{"name":{"type":"string","maxLength":4},
         "children":{"type":"array","maxItems":1,"items":{"$ref":"#/$defs/node"}}},"required":["name"],
         "additionalProperties":false}},"$ref":"#/$defs/node"}
        """,
        """{"type":"object","additionalProperties":{"type":"integer"}}""",
        """{"type":"object","properties":{"x":{"type":"string"}},"allOf":[{"properties":{"y":{"type":"null"}},"required":["y"]}]}""",
        """{"type":"object","properties":{"a":true,"b":{}},"required":["z"]}""",
        """{"type":"object","additionalProperties":false}""",
    ];

    public static TheoryData<int> Numbers() => [.. Enumerable.Range(0, Schemas.Length)];

    [Theory]
    [MemberData(nameof(Numbers))]
    public void EachAnswerThatEnds_FitsItsSchema(int number)
    {
        JsonNode schema = JsonNode.Parse(Schemas[number])!;
        GrammarVocabulary vocabulary = Vocabulary(seed: 5);
        var grammar = new JsonGrammar(Schemas[number], vocabulary);
        int ended = 0;
        for (int walk = 0; walk < Walks; walk++)
        {
            byte[]? answer = Walk(grammar, new Random((number * 1000) + walk));
            if (answer is null)
                continue;
            ended++;
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(answer);
            JsonNode? value = JsonNode.Parse(text);
            bool fits = SchemaCheck.Fits(value, schema, schema) && (number != 0 || value is JsonObject);
            Assert.True(fits, $"schema {number}, seed {walk}: {text}");
        }

        Assert.True(ended >= Walks / 2, $"schema {number}: only {ended} of {Walks} answers ended");
    }

    [Theory]
    [InlineData("""{"title":"Fix \"it\" now ü 漢 \u00e9 😀"}""", true)]
    [InlineData("""  { "title" : "x" }""", true)]
    [InlineData("""{"title":3}""", false)]
    [InlineData("""{"Title":"x"}""", false)]
    [InlineData("""{}""", false)]
    [InlineData("""{"title":"x","more":1}""", false)]
    [InlineData("{\"title\":\"a\nb\"}", false)]
    public void Grammar_AcceptsWhatFits_ByteByByte(string answer, bool fits)
    {
        var grammar = new JsonGrammar(Schemas[1], Vocabulary(seed: 1));
        var matcher = new GrammarMatcher(grammar, "");
        bool allowed = true;
        foreach (byte value in Encoding.UTF8.GetBytes(answer))
        {
            allowed &= IsAllowed(matcher, value);
            matcher.Accept(value);
        }

        Assert.Equal(fits, allowed && matcher.MayEnd);
        if (fits)
            Assert.True(IsAllowed(matcher, StopToken));
    }

    [Fact]
    public void AThought_IsFreeUntilItCloses_ButCannotEndTheAnswer()
    {
        var matcher = new GrammarMatcher(new JsonGrammar(Schemas[1], Vocabulary(seed: 1)), "</think>");
        foreach (byte value in "Hm, <</thin</think>"u8)
        {
            Assert.True(matcher.IsThinking);
            Assert.True(IsAllowed(matcher, value));
            Assert.False(IsAllowed(matcher, StopToken));
            matcher.Accept(value);
        }

        Assert.False(matcher.IsThinking);
        Assert.False(IsAllowed(matcher, (byte)'H'));
        Assert.True(IsAllowed(matcher, (byte)'{'));
    }

    [Fact]
    public void KnownStates_CostNoMemory()
    {
        var grammar = new JsonGrammar(Schemas[2], Vocabulary(seed: 2));
        byte[] answer = """{"isNewTopic":true,"title":"a b c"}"""u8.ToArray();
        Run(grammar, answer);
        var matcher = new GrammarMatcher(grammar, "");
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (byte value in answer)
        {
            _ = matcher.Mask.Length;
            matcher.Accept(value);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData("""{"type":"text"}""", "'text'")]
    [InlineData("""{"$ref":"http://x/y"}""", "out of the schema")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "nowhere")]
    [InlineData("""{"type":"string","minLength":3,"maxLength":2}""", "minLength")]
    [InlineData("""{"$ref":"#"}""", "no answer")]
    [InlineData("""[1]""", "object or true")]
    public void ASchemaWithoutAnswers_IsAnErrorThatSaysWhy(string schema, string why)
    {
        var error = Assert.Throws<GrammarException>(() => new JsonGrammar(schema, Vocabulary(seed: 1)));
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void KeywordsThatAreNotEnforced_AreNamed()
    {
        var grammar = new JsonGrammar(
            """{"type":"object","properties":{"n":{"type":"integer","minimum":3}},"minProperties":1}""", Vocabulary(1));
        Assert.Equal(["minProperties", "minimum"], grammar.Ignored);
    }

    private const int StopToken = 256;

    // All bytes, an end, and random pieces of JSON, text and broken characters.
    private static GrammarVocabulary Vocabulary(int seed)
    {
        var random = new Random(seed);
        List<byte[]> tokens = [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }), "<end>"u8.ToArray()];
        byte[] pool = Encoding.UTF8.GetBytes("{}[]\",: \n\"\",\":titlestepsxanswer0123456789-.eEtruefalsenull\\u00fcü漢😀abc");
        for (int i = 0; i < 1500; i++)
        {
            int start = random.Next(pool.Length - 1);
            tokens.Add(pool[start..Math.Min(pool.Length, start + 1 + random.Next(6))]);
        }

        return new GrammarVocabulary(tokens, new HashSet<int> { StopToken }, tokens.Count + 40, [StopToken]);
    }

    private static bool IsAllowed(GrammarMatcher matcher, int token) =>
        (matcher.Mask[token / 32] >> (token % 32) & 1) != 0;

    private static void Run(JsonGrammar grammar, byte[] answer)
    {
        var matcher = new GrammarMatcher(grammar, "");
        foreach (byte value in answer)
        {
            _ = matcher.Mask.Length;
            matcher.Accept(value);
        }

        Assert.True(matcher.MayEnd);
        _ = matcher.Mask.Length;
    }

    // Null where the answer has not ended after many tokens. Closing tokens are liked, so that most do.
    private static byte[]? Walk(JsonGrammar grammar, Random random)
    {
        var matcher = new GrammarMatcher(grammar, "");
        List<byte> answer = [];
        for (int i = 0; i < TokensMax; i++)
        {
            List<int> allowed = [];
            for (int token = 0; token < matcher.Mask.Length * 32; token++)
            {
                if (IsAllowed(matcher, token))
                    allowed.Add(token);
            }

            Assert.NotEmpty(allowed);
            int[] closing = [.. allowed.Where(token => token < 256 && "\"]}"u8.Contains((byte)token))];
            int chosen = closing.Length > 0 && random.Next(3) == 0
                ? closing[random.Next(closing.Length)]
                : allowed[random.Next(allowed.Count)];
            if (chosen == StopToken)
                return [.. answer];
            answer.AddRange(grammar.Vocabulary.Bytes[chosen]);
            matcher.Accept(chosen);
        }

        return null;
    }
}
