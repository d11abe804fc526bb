using System.Text;
using System.Text.Json;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>Whole folders: configuration, templates, and tokenizers without a tokenizer.json.</summary>
public sealed class FolderTests : IDisposable
{
    private const string Tiny = """
        {"added_tokens":[{"id":2,"content":"</s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,
        "special":true}],"model":{"type":"BPE","vocab":{"a":0,"b":1},"merges":[]}}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("fastmlx-tokenizer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Folder_ReadsSpecialTokensAndTheTemplate()
    {
        Write("tokenizer.json", Tiny);
        Write("tokenizer_config.json", """
            {"eos_token":{"content":"</s>"},"bos_token":null,"pad_token":"a","chat_template":"from config","x":1}
            """);
        Write("special_tokens_map.json", """{"eos_token":"b","unk_token":"b"}""");
        TokenizerFolder folder = TokenizerFolder.Load(_folder);
        Assert.Equal("</s>", folder.SpecialTokens["eos_token"]);
        Assert.Equal("b", folder.SpecialTokens["unk_token"]);
        Assert.False(folder.SpecialTokens.ContainsKey("bos_token"));
        Assert.Equal(2, folder.SpecialTokenId("eos_token"));
        Assert.Equal("from config", folder.ChatTemplate);
        Assert.Equal(1, folder.Config.GetProperty("x").GetInt32());
        Write("chat_template.jinja", "from file");
        Assert.Equal("from file", TokenizerFolder.Load(_folder).ChatTemplate);
    }

    [Fact]
    public void Folder_ReadsListsOfTemplates()
    {
        Write("tokenizer.json", Tiny);
        Write("tokenizer_config.json", """
            {"chat_template":[{"name":"default","template":"one"},{"name":"tool_use","template":"two"}]}
            """);
        TokenizerFolder folder = TokenizerFolder.Load(_folder);
        Assert.Equal("one", folder.ChatTemplate);
        Assert.Equal("two", folder.ChatTemplates["tool_use"]);
    }

    [Theory]
    [InlineData("tokenizer.json", "{")]
    [InlineData("tokenizer.json", "[]")]
    [InlineData("tokenizer_config.json", "nonsense")]
    [InlineData("special_tokens_map.json", "3")]
    public void DamagedFiles_AreRefused(string name, string text)
    {
        Write("tokenizer.json", Tiny);
        Write(name, text);
        Assert.Throws<TokenizerException>(() => TokenizerFolder.Load(_folder));
    }

    [Fact]
    public void EmptyFolder_IsRefused() => Assert.Throws<TokenizerException>(() => TokenizerFolder.Load(_folder));

    [Fact]
    public void TiktokenRanks_GiveTheIdsOfOurOwnBpe()
    {
        HfTokenizer source = TokenizerCorpus.Load("glm4");
        List<string> tokens = ModelTokens(source);
        var ranks = new StringBuilder();
        byte[] bytes = new byte[1024];
        for (int id = 0; id < tokens.Count; id++)
        {
            int length = ByteAlphabet.Decode(Encoding.UTF8.GetBytes(tokens[id]), bytes);
            ranks.Append(Convert.ToBase64String(bytes, 0, length)).Append(' ').Append(id).Append('\n');
        }
        Write("tokenizer.model", ranks.ToString());
        Write("tokenizer_config.json", AddedTokensDecoder(source));
        HfTokenizer package = TokenizerFolder.Load(_folder).Tokenizer;
        HfTokenizer ours = RankedTokenizer.Of(Path.Combine(TokenizerCorpus.Root, "glm4", "tokenizer.json"), tokens);
        Compare("glm4", ours, package, row => true);
    }

    [Fact]
    public void TiktokenRanks_OfAnUnknownKind_AreRefused()
    {
        Write("tiktoken.model", "YQ== 0\n");
        Assert.Throws<TokenizerException>(() => TokenizerFolder.Load(_folder));
    }

    [Fact]
    public void SentencePiece_GivesTheIdsOfOurOwnBpe()
    {
        string json = Path.Combine(TokenizerCorpus.Root, "llama2-spm", "tokenizer.json");
        HfTokenizer source = TokenizerCorpus.Load("llama2-spm");
        List<string> tokens = ModelTokens(source);
        File.WriteAllBytes(Path.Combine(_folder, "tokenizer.model"), SentencePieceFile.Of(tokens));
        Write("tokenizer_config.json", AddedTokensDecoder(source));
        HfTokenizer package = TokenizerFolder.Load(_folder).Tokenizer;
        HfTokenizer ours = RankedTokenizer.Of(json, tokens);
        Compare("llama2-spm", ours, package, row => !row.Contains("<0x", StringComparison.Ordinal));
    }

    [Fact]
    public void DamagedTokenizerModel_IsRefused()
    {
        File.WriteAllBytes(Path.Combine(_folder, "tokenizer.model"), [1, 2, 3, 255, 0]);
        Assert.Throws<TokenizerException>(() => TokenizerFolder.Load(_folder));
    }

    private static string AddedTokensDecoder(HfTokenizer tokenizer)
    {
        var text = new StringBuilder("{\"added_tokens_decoder\":{");
        text.AppendJoin(',', tokenizer.AddedTokens.Select(t => $"\"{t.Id}\":{{\"content\":"
            + $"\"{JsonEncodedText.Encode(t.Content)}\",\"special\":{(t.Special ? "true" : "false")}}}"));
        return text.Append("}}").ToString();
    }

    private static List<string> ModelTokens(HfTokenizer tokenizer)
    {
        var tokens = new List<string>();
        for (int id = 0; tokenizer.IdToToken(id) is { } token; id++)
        {
            if (tokenizer.AddedTokens.All(t => t.Id != id) || token is "<unk>" or "<s>" or "</s>")
                tokens.Add(token);
        }
        return tokens;
    }

    private static void Compare(string name, HfTokenizer ours, HfTokenizer package, Predicate<string> wanted)
    {
        var failures = new Failures(name + " through the package");
        foreach (JsonElement row in TokenizerCorpus.Rows(name, "goldens.jsonl"))
        {
            string text = row.GetProperty("text").GetString()!;
            if (!wanted(text))
                continue;
            var expected = new List<int>();
            ours.Encode(text, parseSpecial: true, expected);
            var ids = new List<int>();
            package.Encode(text, parseSpecial: true, ids);
            failures.Check(expected.ToArray(), ids.ToArray(), text);
            failures.Check(ours.Decode(ids.ToArray(), false), package.Decode(ids.ToArray(), false), text);
        }
        failures.AssertNone();
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);
}
