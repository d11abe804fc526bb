using System.Net;
using System.Text;
using System.Text.Json;
using FastMlx.Chat.Tokenization;
using FastMlx.Composition;
using FastMlx.EndToEnd.Host;
using FastMlx.Native;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Log-probabilities and what changes logits, over HTTP, on the embedded model.</summary>
public sealed class LogprobTests(DemoServer demo) : IClassFixture<DemoServer>
{
    private const string Question = "\"messages\":[{\"role\":\"user\",\"content\":\"What can you do? 🎉 é\"}]";

    [Fact]
    public async Task Chat_OneEntryAToken_JoinedTheyAreTheText()
    {
        JsonElement choice = await ChatAsync($$"""{"model":"m",{{Question}},"temperature":0,"logprobs":true,"top_logprobs":5}""");
        string text = choice.GetProperty("message").GetProperty("content").GetString()!;
        List<JsonElement> entries = [.. choice.GetProperty("logprobs").GetProperty("content").EnumerateArray()];
        Assert.NotEmpty(text);
        Assert.Equal(text, Joined(entries));
        Assert.All(entries, CheckEntry);
        Assert.All(entries, entry => Assert.Equal(
            entry.GetProperty("logprob").GetDouble(),
            entry.GetProperty("top_logprobs")[0].GetProperty("logprob").GetDouble()));
    }

    [Fact]
    public async Task ChatStream_HasTheSameEntriesAsTheWhole_WithTheTextTheyBelongTo()
    {
        string fields = $$"""{"model":"m",{{Question}},"temperature":0,"logprobs":true,"top_logprobs":2""";
        JsonElement whole = (await ChatAsync(fields + "}")).GetProperty("logprobs").GetProperty("content");
        Answer answer = await demo.Server.PostAsync("/v1/chat/completions", fields + ",\"stream\":true}");
        List<JsonElement> streamed = [];
        var text = new StringBuilder();
        foreach (JsonElement choice in Streams.Data(answer.Text).SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray()))
        {
            if (choice.GetProperty("delta").TryGetProperty("content", out JsonElement content))
                text.Append(content.GetString());
            if (choice.GetProperty("logprobs").ValueKind == JsonValueKind.Object)
                streamed.AddRange(choice.GetProperty("logprobs").GetProperty("content").EnumerateArray());
        }

        Assert.Equal(text.ToString(), Joined(streamed));
        Assert.Equal(
            whole.EnumerateArray().Select(e => e.GetProperty("logprob").GetSingle()),
            streamed.Select(e => e.GetProperty("logprob").GetSingle()));
    }

    [Fact]
    public async Task Chat_WithoutLogprobs_HasNull_AndBadNumbersAre400()
    {
        Assert.Equal(
            JsonValueKind.Null, (await ChatAsync($$"""{"model":"m",{{Question}},"max_tokens":2}""")).GetProperty("logprobs").ValueKind);
        foreach (string wrong in (string[])["\"logprobs\":true,\"top_logprobs\":21", "\"top_logprobs\":1", "\"logit_bias\":{\"99999999\":1}",
            "\"logit_bias\":{\"a\":1}", "\"logit_bias\":{\"1\":101}", "\"frequency_penalty\":2.5", "\"repetition_penalty\":0"])
        {
            Answer answer = await demo.Server.PostAsync("/v1/chat/completions", $$"""{"model":"m",{{Question}},{{wrong}}}""");
            Assert.True(answer.Status == HttpStatusCode.BadRequest, wrong + answer.Text);
        }
    }

    [Fact]
    public async Task ChatWithACall_TellsOnlyTheTokensOfItsText()
    {
        JsonElement choice = await ChatAsync("""
            {"model":"m","temperature":0,"logprobs":true,"messages":[{"role":"user","content":"Show me the file notes.txt."}],
             "tools":[{"type":"function","function":{"name":"Read","description":"Reads a file","parameters":{"type":"object",
             "properties":{"file_path":{"type":"string"}},"required":["file_path"]}}}]}
            """);
        JsonElement message = choice.GetProperty("message");
        Assert.True(message.TryGetProperty("tool_calls", out _), message.GetRawText());
        Assert.Equal(
            message.GetProperty("content").GetString() ?? "",
            Joined([.. choice.GetProperty("logprobs").GetProperty("content").EnumerateArray()]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Completions_EchoTellsThePromptsLogSoftmax_AsLmEvalReadsIt(int generated)
    {
        const string Text = "The capital of France is Paris. 🎉";
        int[] tokens = Tokens(Text);
        float[] expected = Expected(tokens);
        string asText = JsonSerializer.Serialize(Text);
        foreach (string prompt in (string[])[asText, JsonSerializer.Serialize(tokens), $"[{JsonSerializer.Serialize(tokens)}]"])
        {
            Answer answer = await demo.Server.PostAsync(
                "/v1/completions",
                $$"""{"model":"m","prompt":{{prompt}},"max_tokens":{{generated}},"temperature":0,"logprobs":1,"echo":true,"seed":1234}""");
            JsonElement choice = answer.Json.GetProperty("choices")[0];
            JsonElement logprobs = choice.GetProperty("logprobs");
            double?[] told = [.. logprobs.GetProperty("token_logprobs").EnumerateArray()
                .Select(e => e.ValueKind == JsonValueKind.Null ? (double?)null : e.GetDouble())];
            Assert.Equal(tokens.Length + generated, told.Length);
            Assert.Null(told[0]);
            for (int i = 1; i < tokens.Length; i++)
                Assert.Equal(expected[i - 1], told[i]!.Value, 1e-3);
            Assert.StartsWith(Text, choice.GetProperty("text").GetString(), StringComparison.Ordinal);
            CheckLists(choice);
        }
    }

    [Fact]
    public async Task Completions_EchoOfSeveralPrompts_HasAChoiceForEach_AlsoStreamed()
    {
        const string Body = """
            {"model":"m","prompt":["One two three","Four","One two five"],"max_tokens":1,"temperature":0,"logprobs":1,"echo":true
            """;
        JsonElement whole = (await demo.Server.PostAsync("/v1/completions", Body + "}")).Json.GetProperty("choices");
        Assert.Equal([0, 1, 2], whole.EnumerateArray().Select(c => c.GetProperty("index").GetInt32()));
        Answer stream = await demo.Server.PostAsync("/v1/completions", Body + ",\"stream\":true}");
        var streamed = new List<double>[3];
        foreach (JsonElement choice in Streams.Data(stream.Text).SelectMany(c => c.GetProperty("choices").EnumerateArray()))
        {
            List<double> list = streamed[choice.GetProperty("index").GetInt32()] ??= [];
            if (choice.GetProperty("logprobs").ValueKind == JsonValueKind.Object)
                list.AddRange(choice.GetProperty("logprobs").GetProperty("token_logprobs").EnumerateArray()
                    .Where(e => e.ValueKind == JsonValueKind.Number).Select(e => e.GetDouble()));
        }

        foreach ((JsonElement choice, int i) in whole.EnumerateArray().Select((c, i) => (c, i)))
        {
            Assert.Equal(
                choice.GetProperty("logprobs").GetProperty("token_logprobs").EnumerateArray().Skip(1).Select(e => (float)e.GetDouble()),
                streamed[i].Select(value => (float)value));
        }
    }

    [Fact]
    public async Task Responses_TellThemWhereTheyAreIncluded()
    {
        const string Fields = "\"model\":\"m\",\"input\":\"What can you do?\",\"temperature\":0";
        Answer plain = await demo.Server.PostAsync("/v1/responses", $"{{{Fields}}}");
        Assert.Empty(plain.Json.GetProperty("output")[0].GetProperty("content")[0].GetProperty("logprobs").EnumerateArray());
        Answer told = await demo.Server.PostAsync(
            "/v1/responses", $"{{{Fields},\"include\":[\"message.output_text.logprobs\"],\"top_logprobs\":2}}");
        JsonElement part = told.Json.GetProperty("output")[0].GetProperty("content")[0];
        List<JsonElement> entries = [.. part.GetProperty("logprobs").EnumerateArray()];
        Assert.Equal(part.GetProperty("text").GetString(), Joined(entries));
        Assert.All(entries, CheckEntry);
    }

    [Fact]
    public async Task LogitBias_BansAndForces_AndPenaltiesChangeTheAnswer()
    {
        int first = Tokens(await TextAsync("")).First();
        Assert.NotEqual(first, Tokens(await TextAsync($",\"logit_bias\":{{\"{first}\":-100}}")).First());
        JsonElement second = (await ChatAsync(
            $$"""{"model":"m",{{Question}},"temperature":0,"max_tokens":1,"logprobs":true,"top_logprobs":2}"""))
            .GetProperty("logprobs").GetProperty("content")[0].GetProperty("top_logprobs")[1];
        string wanted = second.GetProperty("token").GetString()!;
        int forced = Tokens(wanted).Single();
        Assert.Equal(wanted, await TextAsync($",\"max_tokens\":1,\"logit_bias\":{{\"{forced}\":100}}"));
        string plain = await TextAsync(",\"max_tokens\":60,\"ignore_eos\":true");
        Assert.NotEqual(plain, await TextAsync(",\"max_tokens\":60,\"ignore_eos\":true,\"frequency_penalty\":2,\"presence_penalty\":2"));
        Assert.NotEqual(plain, await TextAsync(",\"max_tokens\":60,\"ignore_eos\":true,\"repetition_penalty\":10"));
    }

    [Fact]
    public async Task MinTokens_KeepsTheAnswerFromEnding()
    {
        int Count(Answer answer) => answer.Json.GetProperty("usage").GetProperty("completion_tokens").GetInt32();
        string fields = $$"""{"model":"m",{{Question}},"temperature":0,"max_tokens":200""";
        int plain = Count(await demo.Server.PostAsync("/v1/chat/completions", fields + "}"));
        int longer = Count(await demo.Server.PostAsync("/v1/chat/completions", fields + ",\"min_tokens\":150}"));
        Assert.True(plain < 150, $"{plain}");
        Assert.InRange(longer, 150, 200);
    }

    [Fact]
    public async Task PlainNeighbours_OfSuchRequests_GetTheSameAnswer()
    {
        string plain = $$"""{"model":"m",{{Question}},"temperature":0}""";
        string expected = (await ChatAsync(plain)).GetProperty("message").GetProperty("content").GetString()!;
        Task<JsonElement>[] all = [.. Enumerable.Range(0, 12).Select(i => ChatAsync(i % 2 == 0
            ? plain
            : $$"""{"model":"m",{{Question}},"temperature":1,"seed":{{i}},"logprobs":true,"top_logprobs":20,"repetition_penalty":1.3}"""))];
        JsonElement[] answers = await Task.WhenAll(all);
        for (int i = 0; i < answers.Length; i += 2)
            Assert.Equal(expected, answers[i].GetProperty("message").GetProperty("content").GetString());
    }

    private async Task<JsonElement> ChatAsync(string body)
    {
        Answer answer = await demo.Server.PostAsync("/v1/chat/completions", body);
        Assert.True(answer.Status == HttpStatusCode.OK, answer.Text);
        return answer.Json.GetProperty("choices")[0];
    }

    private async Task<string> TextAsync(string more) =>
        (await ChatAsync($$"""{"model":"m",{{Question}},"temperature":0{{more}}}""")).GetProperty("message").GetProperty("content").GetString()!;

    private int[] Tokens(string text) => [.. TokenizerFolder
        .Load(DemoModelFolder.Extract(demo.Server.Server.Options.HomeDirectory)).Tokenizer
        .EncodeAsReference(text, addSpecial: true)];

    private float[] Expected(int[] tokens)
    {
        using NativeModel model = NativeModel.Open(
            DemoModelFolder.Extract(demo.Server.Server.Options.HomeDirectory),
            new NativeModelOptions { Backend = NativeBackend.Cpu });
        var logits = new float[tokens.Length * model.Info.VocabSize];
        model.Logits(model.OpenSlot(), 0, tokens, all: true, logits);
        return [.. Enumerable.Range(0, tokens.Length - 1).Select(i =>
        {
            double[] row = [.. logits.AsSpan(i * model.Info.VocabSize, model.Info.VocabSize).ToArray().Select(x => (double)x)];
            double best = row.Max();
            return (float)(row[tokens[i + 1]] - best - Math.Log(row.Sum(x => Math.Exp(x - best))));
        })];
    }

    // The lists are parallel, the token is among its alternatives, and the offsets point into the text.
    private static void CheckLists(JsonElement choice)
    {
        string text = choice.GetProperty("text").GetString()!;
        JsonElement lists = choice.GetProperty("logprobs");
        List<string?> tokens = [.. lists.GetProperty("tokens").EnumerateArray().Select(e => e.GetString())];
        Rune[] runes = [.. text.EnumerateRunes()];
        for (int i = 0; i < tokens.Count; i++)
        {
            int offset = lists.GetProperty("text_offset")[i].GetInt32();
            string rest = string.Concat(runes.Skip(offset));
            bool isWhole = !tokens[i]!.StartsWith("bytes:", StringComparison.Ordinal);
            Assert.True(!isWhole || tokens[i]!.StartsWith("<|") || rest.StartsWith(tokens[i]!, StringComparison.Ordinal), tokens[i]);
            if (i > 0)
                Assert.True(lists.GetProperty("top_logprobs")[i].TryGetProperty(tokens[i]!, out _));
        }
    }

    private static void CheckEntry(JsonElement entry)
    {
        Assert.True(entry.GetProperty("logprob").GetDouble() <= 0);
        Assert.NotEmpty(entry.GetProperty("bytes").EnumerateArray());
        List<double> top = [.. entry.GetProperty("top_logprobs").EnumerateArray().Select(e => e.GetProperty("logprob").GetDouble())];
        Assert.NotEmpty(top);
        Assert.Equal(top.OrderDescending(), top);
    }

    private static string Joined(List<JsonElement> entries) => Encoding.UTF8.GetString(
        [.. entries.SelectMany(e => e.GetProperty("bytes").EnumerateArray()).Select(b => b.GetByte())]);
}
