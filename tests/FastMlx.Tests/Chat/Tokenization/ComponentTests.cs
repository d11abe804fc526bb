using System.Text;
using System.Text.Json;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>
/// Components that the corpus has no tokenizer of; the expected values follow from the reference's rules.
/// </summary>
public sealed class ComponentTests
{
    private const string WordPiece = """
        {"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":10,
        "vocab":{"[UNK]":0,"un":1,"##aff":2,"##able":3,"a":4,"##b":5,"[CLS]":6,"[SEP]":7,",":8,"国":9}}
        """;

    [Theory]
    [InlineData("unaffable", "1,2,3")]
    [InlineData("ab abb", "4,5,4,5,5")]
    [InlineData("unx", "0")]
    [InlineData("unaffable,a", "1,2,3,8,4")]
    [InlineData("ababababababab", "0")]
    [InlineData("ÚN国Ab", "1,9,4,5")]
    public void WordPiece_TakesTheLongest(string text, string ids)
    {
        HfTokenizer tokenizer = Load(WordPiece, normalizer: """
            {"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,
            "lowercase":true}
            """, preTokenizer: """{"type":"BertPreTokenizer"}""");
        Assert.Equal(ids, Encode(tokenizer, text, addSpecial: false));
    }

    [Fact]
    public void BertProcessing_SurroundsTheText()
    {
        HfTokenizer tokenizer = Load(WordPiece, preTokenizer: """{"type":"WhitespaceSplit"}""",
            postProcessor: """{"type":"BertProcessing","sep":["[SEP]",7],"cls":["[CLS]",6]}""");
        Assert.Equal("6,4,7", Encode(tokenizer, "a", addSpecial: true));
        Assert.Equal("4", Encode(tokenizer, "a", addSpecial: false));
    }

    [Fact]
    public void WordPieceDecoder_JoinsContinuationsAndCleansUp()
    {
        HfTokenizer tokenizer = Load(WordPiece, decoder: """{"type":"WordPiece","prefix":"##","cleanup":true}""");
        Assert.Equal("unaffable, a", tokenizer.Decode([1, 2, 3, 8, 4], skipSpecial: false));
    }

    [Fact]
    public void WordLevel_IsTheTokenOrUnknown()
    {
        HfTokenizer tokenizer = Load("""{"type":"WordLevel","unk_token":"?","vocab":{"?":0,"ab":1,"c":2}}""",
            preTokenizer: """{"type":"Whitespace"}""");
        Assert.Equal("1,0,2", Encode(tokenizer, "ab x c", addSpecial: false));
    }

    [Fact]
    public void Unigram_TakesTheBestSum_AndBytesForTheUnknown()
    {
        HfTokenizer tokenizer = Load("""
            {"type":"Unigram","unk_id":0,"byte_fallback":true,"vocab":[["<unk>",0],["a",-1],["b",-1.5],["ab",-2],
            ["abc",-9],
            ["c",-1.25],["<0xC3>",-20],["<0xA9>",-20]]}
            """);
        Assert.Equal("3,5,1", Encode(tokenizer, "abca", addSpecial: false));
        Assert.Equal("1,6,7,2", Encode(tokenizer, "aéb", addSpecial: false));
        // Without the bytes of a character, the run of unknown characters is one unknown token.
        Assert.Equal("1,0,2", Encode(tokenizer, "aéüb", addSpecial: false));
    }

    [Fact]
    public void BpeDecoder_EndsWordsWithSpaces()
    {
        HfTokenizer tokenizer = Load("""{"type":"BPE","vocab":{"a</w>":0,"b":1,"c</w>":2},"merges":[]}""",
            decoder: """{"type":"BPEDecoder","suffix":"</w>"}""");
        Assert.Equal("a bc", tokenizer.Decode([0, 1, 2], skipSpecial: false));
    }

    [Fact]
    public void CtcDecoder_DropsDoublesAndPadding()
    {
        HfTokenizer tokenizer = Load("""{"type":"BPE","vocab":{"<pad>":0,"h":1,"i":2,"|":3},"merges":[]}""",
            decoder: """{"type":"CTC","pad_token":"<pad>","word_delimiter_token":"|","cleanup":true}""");
        Assert.Equal("hi h", tokenizer.Decode([0, 1, 1, 0, 2, 3, 3, 1], skipSpecial: false));
    }

    [Fact]
    public void StripBehindFuse_TakesBothEndsOfTheWholeText()
    {
        HfTokenizer tokenizer = Load("""{"type":"BPE","vocab":{" ":0,"a":1,"  b ":2},"merges":[]}""", decoder: """
            {"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":" ","start":2,"stop":1}]}
            """);
        Assert.Equal(" a  b ", tokenizer.Decode([0, 0, 0, 1, 2, 0], skipSpecial: false));
        Assert.Equal("a", tokenizer.Decode([0, 1, 0], skipSpecial: false));
    }

    [Fact]
    public void ReplaceBehindFuse_SeesTheWholeText()
    {
        HfTokenizer tokenizer = Load("""{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}""", decoder: """
            {"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Replace","pattern":{"String":"ab"},"content":"X"}]}
            """);
        Assert.Equal("aXb", tokenizer.Decode([0, 0, 1, 1], skipSpecial: false));
    }

    [Fact]
    public void ByteLevelNormalizer_GivesTheAlphabetToTheModel()
    {
        HfTokenizer tokenizer = Load("""{"type":"BPE","vocab":{"a":0,"Ġ":1,"Ã":2,"©":3,"Ã©":4},"merges":["Ã ©"]}""",
            normalizer: """{"type":"ByteLevel"}""",
            decoder: """{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}""");
        Assert.Equal("0,1,4", Encode(tokenizer, "a é", addSpecial: false));
        Assert.Equal("a é", tokenizer.Decode([0, 1, 4], skipSpecial: false));
    }

    [Fact]
    public void Precompiled_ReplacesByItsMap()
    {
        // One entry: the byte 'A' leads to "xy" at the start of the replacements. Units: root with offset 0 + 65 = 'A',
        // its leaf at 65 ^ 128.
        var units = new uint[256];
        units[0] = 0;
        units['A'] = 128u << 10 | 1u << 8 | 'A';
        units['A' ^ 128] = 0x8000_0000;
        byte[] trie = [.. units.SelectMany(BitConverter.GetBytes)];
        byte[] map = [.. BitConverter.GetBytes(trie.Length), .. trie, .. "xy\0"u8];
        HfTokenizer tokenizer = Load("""{"type":"BPE","vocab":{"x":0,"y":1,"b":2},"merges":[]}""", normalizer:
            $$"""{"type":"Precompiled","precompiled_charsmap":"{{Convert.ToBase64String(map)}}"}""");
        Assert.Equal("2,0,1,2", Encode(tokenizer, "bAb", addSpecial: false));
    }

    [Theory]
    [InlineData("""{"type":"Precompiled","precompiled_charsmap":"AAAA"}""")]
    [InlineData("""{"type":"Precompiled"}""")]
    [InlineData("""{"type":"NFC2"}""")]
    [InlineData("""{}""")]
    public void Normalizer_ThatIsDamagedOrUnknown_IsRefused(string normalizer) => Assert.Throws<TokenizerException>(
        () => Load("""{"type":"BPE","vocab":{"a":0},"merges":[]}""", normalizer: normalizer));

    [Fact]
    public void FileThatIsNotUtf8_IsRefused()
    {
        byte[] file = Encoding.UTF8.GetBytes("""{"model":{"type":"BPE","vocab":{"aé":0},"merges":[]}}""");
        file[file.AsSpan().IndexOf((byte)0xC3)] = 0xEE;
        Assert.Throws<TokenizerException>(() => HfTokenizer.Load(file));
    }

    [Theory]
    [InlineData("")]
    [InlineData("ab")]
    public void MetaCharacter_ThatIsNotOneCharacter_IsRefused(string replacement) => Assert.Throws<TokenizerException>(
        () => Load("""{"type":"BPE","vocab":{"a":0},"merges":[]}""",
            preTokenizer: $$"""{"type":"Metaspace","replacement":"{{replacement}}"}"""));

    [Fact]
    public void DeepNesting_IsRefused()
    {
        var nested = new StringBuilder("null");
        nested.Clear().Append("""{"type":"NFC"}""");
        for (int i = 0; i < 30; i++)
            nested.Insert(0, """{"type":"Sequence","normalizers":[""").Append("]}");
        string normalizer = nested.ToString();
        Assert.Throws<TokenizerException>(() => Load("""{"type":"BPE","vocab":{"a":0},"merges":[]}""", normalizer));
    }

    [Fact]
    public void TemplateProcessing_WithAnUnlistedToken_IsRefused() => Assert.Throws<TokenizerException>(() => Load(
        """{"type":"BPE","vocab":{"a":0},"merges":[]}""", postProcessor: """
        {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}}],"pair":[],"special_tokens":{}}
        """));

    private static HfTokenizer Load(string model, string normalizer = "null", string preTokenizer = "null",
        string decoder = "null", string postProcessor = "null") => HfTokenizer.Load(Encoding.UTF8.GetBytes(
        $$"""
        {"version":"1.0","added_tokens":[],"normalizer":{{normalizer}},"pre_tokenizer":{{preTokenizer}},
        "post_processor":{{postProcessor}},"decoder":{{decoder}},"model":{{model}}}
        """));

    private static string Encode(HfTokenizer tokenizer, string text, bool addSpecial) =>
        string.Join(',', tokenizer.EncodeAsReference(text, addSpecial));
}
