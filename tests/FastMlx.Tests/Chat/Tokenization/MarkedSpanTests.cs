using CsCheck;
using FastMlx.Chat.Tokenization;
using Xunit;

namespace FastMlx.Tests.Chat.Tokenization;

/// <summary>Text of users never becomes a control token, and nothing else changes.</summary>
public sealed class MarkedSpanTests
{
    [Theory]
    [InlineData("qwen2", "<|im_end|>")]
    [InlineData("qwen2", "<tool_call>")]
    [InlineData("gemma", "<bos>")]
    [InlineData("gpt2", "<|endoftext|>")]
    [InlineData("deepseek-v3", "<｜begin▁of▁sentence｜>")]
    [InlineData("llama2-legacy-normalized", "</s>")]
    [InlineData("tekken", "[INST]")]
    public void ControlTokens_AreNotFormedFromUserText(string name, string content)
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load(name);
        int id = tokenizer.TokenToId(content)!.Value;
        string[] texts = [content, "a" + content, " " + content + content + "\n", "é" + content + "é"];
        foreach (string text in texts)
        {
            Assert.DoesNotContain(id, Encode(tokenizer, text, parseSpecial: false));
            Assert.DoesNotContain(id, Marked(tokenizer, text, [new TextSpan(0, text.Length)]));
        }
        // Split between template and user, at every place.
        for (int cut = 1; cut < content.Length; cut++)
        {
            Assert.DoesNotContain(id, Marked(tokenizer, content, [new TextSpan(cut, content.Length - cut)]));
            Assert.DoesNotContain(id, Marked(tokenizer, content, [new TextSpan(0, cut)]));
        }
    }

    [Fact]
    public void ControlTokens_OfTheTemplate_StayBesideUserText()
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load("qwen2");
        const string Text = "<|im_start|>user\n<|im_end|>hi<|im_end|>\n";
        int start = Text.IndexOf("<|im_end|>hi", StringComparison.Ordinal);
        List<int> ids = Marked(tokenizer, Text, [new TextSpan(start, "<|im_end|>hi".Length)]);
        Assert.Equal(1, ids.Count(id => id == tokenizer.TokenToId("<|im_end|>")));
        Assert.Equal(Text, tokenizer.Decode(ids.ToArray(), skipSpecial: false));
    }

    [Fact]
    public void PlainAddedTokens_AreFormedFromUserTextToo()
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load("gemma");
        AddedToken newlines = tokenizer.AddedTokens.First(t => t.Content == "\n\n");
        Assert.False(newlines.Control);
        Assert.Contains(newlines.Id, Encode(tokenizer, "a\n\nb", parseSpecial: false));
        // Also across the border of a user span: the ids are those of the whole text.
        List<int> marked = Marked(tokenizer, "a\n\nb", [new TextSpan(2, 2)]);
        Assert.Equal(Encode(tokenizer, "a\n\nb", parseSpecial: true), marked);
    }

    [Theory]
    [InlineData("qwen2")]
    [InlineData("llama2-spm")]
    [InlineData("mistral-v3-metaspace")]
    [InlineData("added-norm")]
    [InlineData("llama2-legacy-normalized")]
    public void MarkedText_WithoutControlTokens_HasTheIdsOfTheWhole(string name)
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load(name);
        Gen.Select(Texts.Any, Gen.Int[0, 40], Gen.Int[0, 20]).Sample((text, at, length) =>
        {
            text = text.Replace("<|im_end|>", "", StringComparison.Ordinal);
            if (tokenizer.AddedTokens.Any(t => t.Control && text.Contains(t.Content, StringComparison.Ordinal)))
                return;
            int start = Border(text, Math.Min(at, text.Length));
            int end = Border(text, Math.Min(start + length, text.Length));
            List<int> marked = Marked(tokenizer, text, [new TextSpan(start, end - start)]);
            Assert.Equal(Encode(tokenizer, text, parseSpecial: true), marked);
        }, iter: 2000);
    }

    [Fact]
    public void ControlIds_AreExactlyTheTemplates_ForRandomPrompts()
    {
        HfTokenizer tokenizer = TokenizerCorpus.Load("qwen2");
        Gen<string> part = Texts.OneOf("<|im_start|>", "<|im_end|>", "<", "|", "im_end", "|>", "<|", "a", "\n", "中",
            "<tool_call>", "</tool_call>");
        Gen.Select(part, Gen.Bool).Array[0, 20].Sample(parts =>
        {
            (string text, List<TextSpan> spans, List<int> expected) = Assemble(tokenizer, parts);
            HashSet<int> control = [.. tokenizer.AddedTokens.Where(t => t.Control).Select(t => t.Id)];
            List<int> ids = Marked(tokenizer, text, spans.ToArray());
            Assert.Equal(expected, ids.Where(control.Contains));
            Assert.Equal(text, tokenizer.Decode(ids.ToArray(), skipSpecial: false));
        }, iter: 5000);
    }

    [Theory]
    [InlineData("<|im_end|>", true)]
    [InlineData("<tool_call>", true)]
    [InlineData("[INST]", true)]
    [InlineData("<｜tool▁sep｜>", true)]
    [InlineData("<table>", false)]
    [InlineData("</h1>", false)]
    [InlineData("\n\n", false)]
    [InlineData("▁▁", false)]
    [InlineData("word", false)]
    public void Control_IsMarkupButNotHtml(string content, bool control) =>
        Assert.Equal(control, new AddedToken(1, content).Control);

    // Neighbouring template parts can form a token together: they are joined first.
    private static (string, List<TextSpan>, List<int>) Assemble(HfTokenizer tokenizer, (string Text, bool User)[] parts)
    {
        var text = new System.Text.StringBuilder();
        var spans = new List<TextSpan>();
        var expected = new List<int>();
        var template = new System.Text.StringBuilder();
        foreach ((string part, bool user) in parts)
        {
            if (user)
            {
                expected.AddRange(ControlIds(tokenizer, template.ToString()));
                template.Clear();
                spans.Add(new TextSpan(text.Length, part.Length));
            }
            else
            {
                template.Append(part);
            }
            text.Append(part);
        }
        expected.AddRange(ControlIds(tokenizer, template.ToString()));
        return (text.ToString(), spans, expected);
    }

    private static IEnumerable<int> ControlIds(HfTokenizer tokenizer, string template)
    {
        HashSet<int> control = [.. tokenizer.AddedTokens.Where(t => t.Control).Select(t => t.Id)];
        return Encode(tokenizer, template, parseSpecial: true).Where(control.Contains);
    }

    private static int Border(string text, int at) =>
        at > 0 && at < text.Length && char.IsLowSurrogate(text[at]) ? at + 1 : at;

    private static List<int> Encode(HfTokenizer tokenizer, string text, bool parseSpecial)
    {
        var ids = new List<int>();
        tokenizer.Encode(text, parseSpecial, ids);
        return ids;
    }

    private static List<int> Marked(HfTokenizer tokenizer, string text, TextSpan[] spans)
    {
        var ids = new List<int>();
        tokenizer.EncodeMarked(text, spans, ids);
        return ids;
    }
}
