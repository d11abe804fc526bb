using System.Buffers;
using System.Text;
using System.Text.Json;
using CsCheck;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

public sealed class JsonTests
{
    private static readonly string[] Good =
    [
        "{}", "[]", "0", "-0", "1e5", "1E+2", "1.5e-3", "\"\"", "\"\\u0000\"", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "true", "false", "null", " \t\r\n[ ] ",
        "[[[[]]]]", "{\"\":{}}", "{\"a\":1,\"a\":2}", "\"\\ud83d\\ude00\"", "\"\\ud83d\"", "\"\\ude00\\ud83d\"", "[1,\"x\",{\"y\":[null]}]", "\"\u2028\"",
        "123456789012345678901234567890", "1e400", "\"\\uD83D\\uFFFF\"", "\"漢😀\"",
    ];

    private static readonly string[] Bad =
    [
        "", " ", "{", "[", "]", "}", "{]", "[1,]", "{\"a\":1,}", "[,1]", "[1 2]", "{\"a\" 1}", "{a:1}", "{'a':1}", "{\"a\":}", "01", "-", "+1", "1.", ".5",
        "1e", "0x1", "NaN", "Infinity", "tru", "nul", "TRUE", "\"", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\t\"", "\"\n\"", "[1]x", "{}{}", "//c\n1",
        "/*c*/1", "[1,//x\n2]", "\u0000", "[\u0000]", "\"a\\", "[\"a\"", "{\"a\":1", "\uFEFF\uFEFF1", "\u00A01",
    ];

    [Fact]
    public void Tape_AcceptsWhatJsonIs() => Assert.All(Good, json => Assert.True(IsRead(json, out string? problem), json + ": " + problem));

    [Fact]
    public void Tape_RefusesWhatJsonIsNot() => Assert.All(Bad, json => Assert.False(IsRead(json, out _), json));

    [Fact]
    public void Tape_SkipsOneByteOrderMark() => Assert.True(IsRead("\uFEFF{}", out _));

    [Fact]
    public void Tape_AgreesWithTheLibraryOnRandomText()
    {
        Gen<string> json = Gen.OneOf(Gen.String[Gen.Char["{}[]:,\"\\u0d8e1-.truefalsn \t"], 0, 30], Gen.Const("[{\"a\":[1,\"\\ud83d\"]}]")
            .SelectMany(Mutate));
        json.Sample(text => IsRead(text, out _) == IsLibraryRead(text), iter: 2_000);
    }

    [Fact]
    public void Values_ReadBackAsTheyWere()
    {
        GenValue.Sample(value =>
        {
            string json = JsonSerializer.Serialize(value);
            using JsonTape tape = JsonTape.Read(Encoding.UTF8.GetBytes(json), ReaderLimits.Default, out _)!;
            using var document = JsonDocument.Parse(json);
            return Same(tape.Root, document.RootElement);
        }, iter: 2_000);
    }

    [Fact]
    public void Escaper_RoundTripsAnyText() => Gen.String.Sample(text =>
    {
        string json = ApiBodies.Text(output => output.Text(text));
        string back = JsonSerializer.Deserialize<string>(json)!;
        return back == Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) && !json.AsSpan().ContainsAny("\n\r\u2028\u2029\0");
    }, iter: 2_000);

    [Fact]
    public void Escaper_RoundTripsAnyCutBetweenCharacters() => Gen.Select(Gen.String, Gen.Int[0, 100]).Sample((text, at) =>
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        at = Math.Min(at, runes.Length);
        string json = ApiBodies.Text(output =>
        {
            output.Raw("\""u8);
            output.Escaped(Encoding.UTF8.GetBytes(string.Concat(runes[..at])));
            output.Escaped(Encoding.UTF8.GetBytes(string.Concat(runes[at..])));
            output.Raw("\""u8);
        });
        return JsonSerializer.Deserialize<string>(json) == string.Concat(runes);
    }, iter: 2_000);

    [Theory]
    [InlineData("{\"a\":1,\"b\":[2,{}]}", "{\"a\":1,\"b\":[2,{}]}")]
    [InlineData(" {\"a\":1} ", " {\"a\":1}")]
    [InlineData("{\"a\":1,\"b\":\"x", "{\"a\":1}")]
    [InlineData("{\"a\":1,\"b\":", "{\"a\":1}")]
    [InlineData("{\"a\":1,\"b", "{\"a\":1}")]
    [InlineData("{\"a\":[1,2", "{}")]
    [InlineData("{\"a\":[1],\"b\":{\"c\":{", "{\"a\":[1]}")]
    [InlineData("{\"a\":tru", "{}")]
    [InlineData("{", "{}")]
    [InlineData("", "{}")]
    [InlineData("[1", "{}")]
    [InlineData("{\"a\":1 oops", "{\"a\":1}")]
    public void PartialJson_KeepsCompletePairs(string json, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(PartialJson.CompletePairs(Encoding.UTF8.GetBytes(json))));

    [Fact]
    public void PartialJson_OfAnyPrefix_IsAnObject()
    {
        byte[] whole = "{\"a\":1.5,\"b\":\"x\\u00e9\\\"}\",\"c\":[true,{\"d\":null}],\"e\":-12}"u8.ToArray();
        for (int i = 0; i <= whole.Length; i++)
        {
            using var document = JsonDocument.Parse(PartialJson.CompletePairs(whole.AsSpan(0, i)));
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        }
    }

    [Fact]
    public void Progress_FindsTheClosingByteAtEverySplit()
    {
        byte[] whole = "{\"a}\":\"\\\"}\\\\\",\"b\":[{}]}tail"u8.ToArray();
        for (int cut = 0; cut <= whole.Length; cut++)
        {
            var progress = new JsonProgress();
            int count = progress.Take(whole.AsSpan(0, cut));
            count += progress.Take(whole.AsSpan(cut));
            Assert.Equal(whole.Length - 4, count);
            Assert.True(progress.IsComplete);
        }
    }

    private static readonly Gen<object?> GenValue = Gen.Recursive<object?>((depth, inner) => depth > 4
        ? Gen.Int.Select(number => (object?)number)
        : Gen.OneOf(
            Gen.Const((object?)null),
            Gen.Bool.Select(value => (object?)value),
            Gen.Double.Where(double.IsFinite).Select(value => (object?)value),
            Gen.String.Select(value => (object?)value),
            inner.Array[0, 4].Select(values => (object?)values),
            Gen.Dictionary(Gen.String, inner)[0, 4].Select(values => (object?)values)));

    private static Gen<string> Mutate(string text) => Gen.Select(Gen.Int[0, text.Length - 1], Gen.Char["{}[]:,\"\\0d"]).Array[1, 3]
        .Select(edits =>
        {
            char[] chars = text.ToCharArray();
            foreach ((int at, char c) in edits)
                chars[at] = c;
            return new string(chars);
        });

    private static bool Same(JsonValue value, JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().All(member => Same(value[Encoding.UTF8.GetBytes(member.Name)], member.Value)),
        JsonValueKind.Array => value.CountItems() == element.GetArrayLength() && Items(value).Zip(element.EnumerateArray()).All(pair => Same(pair.First,
            pair.Second)),
        JsonValueKind.String => value.Text == element.GetString() && Encoding.UTF8.GetString(value.TextBytes()) == value.Text,
        JsonValueKind.Number => value.TryDouble(out double number) && number == element.GetDouble(),
        _ => value.RawText == element.GetRawText(),
    };

    private static List<JsonValue> Items(JsonValue value)
    {
        List<JsonValue> items = [];
        foreach (JsonValue item in value.Items)
            items.Add(item);
        return items;
    }

    private static bool IsRead(string json, out string? problem)
    {
        using JsonTape? tape = JsonTape.Read(Encoding.UTF8.GetBytes(json), ReaderLimits.Default, out problem);
        return tape is not null;
    }

    private static bool IsLibraryRead(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(Encoding.UTF8.GetBytes(json), new JsonDocumentOptions { MaxDepth = 128 });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
