using System.Text;
using FastMlx.Chat.Tokenization;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>
/// What must hold for any input: damaged files and patterns are refused by type, texts are covered, streams are whole
/// decodes, users form no control token. Throws where it does not.
/// </summary>
internal static class TokenizerFuzz
{
    private const string AddedTokens = """
        "added_tokens":[{"id":999,"content":"<|im_end|>","single_word":false,"lstrip":true,"rstrip":true,
        "normalized":false,"special":true},{"id":999,"content":"<t>","single_word":true,"lstrip":false,"rstrip":false,"normalized":true,
        "special":false},{"id":999,"content":"\n\n","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
        "special":false}]
        """;

    private const string ByteFallbackModel = """
        {"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":true,"vocab":{"<unk>":0,"a":1,"b":2,"ab":3,
        "▁":4,"▁a":5,"<0xC3>":6,"<0xA9>":7,"<0xE4>":8,"<0xB8>":9,"<0xAD>":10,"\n":11},"merges":["a b","▁ a"]}
        """;

    private const string LlamaNormalizer = """
        {"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},
        {"type":"Replace","pattern":{"String":" "},"content":"▁"}]}
        """;

    private const string LlamaDecoder = """
        {"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},
        {"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}
        """;

    private const string Metaspace = """{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}""";

    private const string ByteLevel = """{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}""";

    private static readonly Lazy<HfTokenizer[]> Tokenizers = new(() =>
    [
        Load("""{"type":"NFC"}""", Split(KnownPatterns.Gpt2), ByteLevel, Bytes()),
        Load(LlamaNormalizer, "null", LlamaDecoder, ByteFallbackModel),
        Load("""{"type":"NFKC"}""", Metaspace, Metaspace, ByteFallbackModel),
    ]);

    /// <summary>The input is a tokenizer.json.</summary>
    public static void File(ReadOnlySpan<byte> input)
    {
        try
        {
            HfTokenizer tokenizer = HfTokenizer.Load(input);
            CheckText(tokenizer, "a b\n\né中😀 <|im_end|>'s 12", 3);
        }
        catch (TokenizerException)
        {
            // Refused, or an unknown token that is missing.
        }
    }

    /// <summary>The first byte chooses a tokenizer, the second where user data begins; the rest is text.</summary>
    public static void Text(ReadOnlySpan<byte> input)
    {
        if (input.Length < 2)
            return;
        HfTokenizer[] tokenizers = Tokenizers.Value;
        CheckText(tokenizers[input[0] % tokenizers.Length], Encoding.UTF8.GetString(input[2..]), input[1]);
    }

    /// <summary>A pattern, a zero byte, and a text to cut.</summary>
    public static void Pattern(ReadOnlySpan<byte> input)
    {
        int zero = input.IndexOf((byte)0);
        if (zero < 0 || input.Length > 4096)
            return;
        string text = Encoding.UTF8.GetString(input[(zero + 1)..]);
        try
        {
            var pattern = new RegexPattern(Encoding.UTF8.GetString(input[..zero]));
            if (string.Concat(Pieces.Of(pattern, text)) != text)
                throw new InvalidOperationException("The cuts do not cover the text.");
        }
        catch (TokenizerException)
        {
            // Not understood, and said so.
        }
    }

    private static void CheckText(HfTokenizer tokenizer, string text, int userStart)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, parseSpecial: false, ids);
        // An added token whose text the model has too may come from the model's merges.
        HashSet<int> control = [.. tokenizer.AddedTokens
            .Where(t => t.Control && !tokenizer.Vocabulary.InModel(t.Content)).Select(t => t.Id)];
        if (ids.Any(control.Contains))
            throw new InvalidOperationException("User text became a control token.");
        var marked = new List<int>();
        int start = Math.Min(userStart, text.Length);
        tokenizer.EncodeMarked(text, [new TextSpan(start, text.Length - start)], marked);
        CheckStream(tokenizer, ids);
        CheckStream(tokenizer, marked);
    }

    private static void CheckStream(HfTokenizer tokenizer, List<int> ids)
    {
        var decoder = new TokenDecoder(tokenizer, skipSpecial: false);
        var text = new StringBuilder();
        var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
        foreach (int id in ids)
            text.Append(strict.GetString(decoder.Push(id)));
        text.Append(strict.GetString(decoder.Flush()));
        if (text.ToString() != tokenizer.Decode(ids.ToArray(), skipSpecial: false))
            throw new InvalidOperationException("The stream is not the whole decode.");
    }

    private static HfTokenizer Load(string normalizer, string preTokenizer, string decoder, string model) =>
        HfTokenizer.Load(Encoding.UTF8.GetBytes($$"""
            {{{AddedTokens}},"normalizer":{{normalizer}},"pre_tokenizer":{{preTokenizer}},"decoder":{{decoder}},
            "model":{{model}}}
            """));

    private static string Split(string pattern) => """
        {"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"PATTERN"},"behavior":"Isolated",
        "invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]}
        """.Replace("PATTERN", System.Text.Json.JsonEncodedText.Encode(pattern).ToString(), StringComparison.Ordinal);

    private static string Bytes()
    {
        var vocab = new StringBuilder("""{"type":"BPE","vocab":{""");
        for (int b = 0; b < 256; b++)
        {
            string character = char.ConvertFromUtf32(ByteAlphabet.CharacterOf((byte)b));
            vocab.Append(b > 0 ? "," : "").Append('"').Append(System.Text.Json.JsonEncodedText.Encode(character))
                .Append("\":").Append(b);
        }
        return vocab.Append(""","ab":256,"Ġa":257},"merges":["a b","Ġ a"]}""").ToString();
    }
}
