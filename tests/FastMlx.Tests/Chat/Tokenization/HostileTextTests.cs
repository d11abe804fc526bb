using System.Text;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>A megabyte of one kind. Anything that is not linear would not come back.</summary>
public sealed class HostileTextTests
{
    private const int Million = 1_000_000;

    public static TheoryData<string, string> Cases()
    {
        var data = new TheoryData<string, string>();
        foreach (string name in new[] { "qwen2", "o200k-harmony", "deepseek-v3", "gemma", "llama2-spm", "tiny-aya" })
        {
            foreach (string unit in new[] { "a", " ", "\u0301", "A", "<", "1", "\n", "aA", " \n", "𠀀" })
                data.Add(name, unit);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AMegabyteOfOneUnit_IsEncodedAndDecoded(string name, string unit)
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load(name);
        string text = string.Concat(Enumerable.Repeat(unit, Million / 4 / Encoding.UTF8.GetByteCount(unit)));
        var ids = new List<int>();
        tokenizer.Encode(text, parseSpecial: true, ids);
        Assert.NotEmpty(ids);
        Assert.Equal(text, tokenizer.Decode(ids.ToArray(), skipSpecial: false));
    }

    [Fact]
    public void Normalizer_OrdersAMillionMarks()
    {
        var chain = new NormalizerChain([new UnicodeNormalizer(UnicodeForm.Nfc)]);
        byte[] text = Encoding.UTF8.GetBytes("a" + string.Concat(Enumerable.Repeat("\u0301\u0323", Million / 4)));
        string normal = Encoding.UTF8.GetString(chain.Normalize(text, 0, text.Length, [], new EncodeScratch()).Span);
        Assert.Equal("\u1EA1" + new string('\u0323', Million / 4 - 1) + new string('\u0301', Million / 4), normal);
    }
}
