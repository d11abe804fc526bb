using System.Text;
using CsCheck;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

public sealed class RoundTripTests
{
    [Theory]
    [InlineData("llama3")]
    [InlineData("o200k-harmony")]
    [InlineData("kimi-k2")]
    [InlineData("deepseek-v3")]
    [InlineData("gpt2")]
    [InlineData("granite-digits")]
    [InlineData("gemma")]
    [InlineData("spm-rawspace")]
    public void Decode_GivesTheTextBack(string name)
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load(name);
        bool metaSpace = name == "gemma";
        Texts.Any.Sample(text =>
        {
            // Names of byte tokens are bytes for a decoder with byte fallback, and ▁ is a space for one that replaces
            // it.
            if (text.Contains("<0x", StringComparison.Ordinal))
                return;
            if (metaSpace)
                text = text.Replace('▁', ' ');
            var ids = new List<int>();
            tokenizer.Encode(text, parseSpecial: false, ids);
            Assert.Equal(text, tokenizer.Decode(ids.ToArray(), skipSpecial: false));
        }, iter: 2000);
    }

    [Theory]
    [InlineData("qwen2")]
    [InlineData("llama2-spm")]
    [InlineData("unigram-t5-like")]
    [InlineData("added-norm")]
    [InlineData("metaspace-always")]
    public void Stream_IsTheWholeDecode_ForRandomIds(string name)
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load(name);
        Gen.Select(Gen.Int[0, tokenizer.MaxId + 3].Array[0, 40], Gen.Bool).Sample((ids, skip) =>
        {
            var decoder = new TokenDecoder(tokenizer, skip);
            var text = new StringBuilder();
            foreach (int id in ids)
                text.Append(Strict(decoder.Push(id)));
            text.Append(Strict(decoder.Flush()));
            Assert.Equal(tokenizer.Decode(ids, skip), text.ToString());
        }, iter: 3000);
    }

    [Fact]
    public void Decoder_AllocatesNothingForATokenOfAStream()
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load("qwen2");
        var spm = TokenizerCorpus.Load("llama2-spm");
        foreach (HfTokenizer each in new[] { tokenizer, spm })
        {
            var decoder = new TokenDecoder(each, skipSpecial: true);
            // The least of a few rounds: the runtime itself may allocate while it recompiles a loop.
            long bytes = long.MaxValue;
            for (int round = 0; round < 5; round++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int i = 0; i < 10_000; i++)
                    decoder.Push(i * 7919 % each.MaxId);
                bytes = Math.Min(bytes, GC.GetAllocatedBytesForCurrentThread() - before);
                decoder.Flush();
            }
            Assert.Equal(0, bytes);
        }
    }

    [Fact]
    public void PackageMembers_AgreeWithOurs()
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load("qwen2");
        const string Text = "Hello, world! 你好 😀<|im_end|>";
        var ids = new List<int>();
        tokenizer.Encode(Text, parseSpecial: true, ids);
        Microsoft.ML.Tokenizers.Tokenizer package = tokenizer;
        Assert.Equal(ids, package.EncodeToIds(Text));
        Assert.Equal(ids.Count, package.CountTokens(Text));
        Assert.Equal(Text, package.Decode(ids));
        IReadOnlyList<Microsoft.ML.Tokenizers.EncodedToken> tokens = package.EncodeToTokens(Text, out _);
        Assert.Equal(ids, tokens.Select(t => t.Id));
        Assert.Equal(Text.Length, tokens[^1].Offset.End.Value);
        Assert.Equal(ids.Take(3), package.EncodeToIds(Text, maxTokenCount: 3, out _, out _));
    }

    [Fact]
    public void LoneSurrogates_CountAsReplacementCharacters()
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load("llama3");
        var ids = new List<int>();
        tokenizer.Encode("a\uD800b", parseSpecial: true, ids);
        Assert.Equal("a\uFFFDb", tokenizer.Decode(ids.ToArray(), skipSpecial: false));
    }

    [Fact]
    public void ManyThreads_EncodeAlike()
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load("gemma");
        string[] texts = [.. TokenizerCorpus.Rows("gemma", "goldens.jsonl").Take(200)
            .Select(r => r.GetProperty("text").GetString()!)];
        int[][] expected = [.. texts.Select(t => Encode(tokenizer, t))];
        int n = texts.Length;
        Parallel.For(0, 2000, i => Assert.Equal(expected[i % n], Encode(tokenizer, texts[i % n])));
    }

    private static int[] Encode(HfTokenizer tokenizer, string text)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, parseSpecial: true, ids);
        return [.. ids];
    }

    private static string Strict(ReadOnlySpan<byte> utf8) =>
        new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(utf8);
}
