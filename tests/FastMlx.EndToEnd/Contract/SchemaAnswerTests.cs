using System.Net;
using System.Text;
using System.Text.Json;
using FastMlx.EndToEnd.Host;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Answers that must fit a JSON schema, over HTTP, on the embedded model, which would not write them alone.</summary>
public sealed class SchemaAnswerTests(DemoServer demo) : IClassFixture<DemoServer>
{
    private const string Schema = """
        {"type":"object","properties":{"title":{"type":"string","maxLength":24},"isNew":{"type":"boolean"},
         "rating":{"enum":["good","bad",null]},"tags":{"type":"array","items":{"type":"string","maxLength":6},"maxItems":3}},
         "required":["title","isNew","tags"],"additionalProperties":false}
        """;

    private const string Ask = "\"messages\":[{\"role\":\"user\",\"content\":\"Give this chat about cats a title.\"}]";

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(4, 1.3)]
    public async Task Chat_AnswersWhatTheSchemaSays_WhateverTheModelLikes(int seed, double temperature)
    {
        string fields = FormattableString.Invariant($"\"model\":\"m\",{Ask},\"temperature\":{temperature},\"seed\":{seed},\"max_tokens\":400");
        string format = $$"""
            "response_format":{"type":"json_schema","json_schema":{"name":"t","strict":true,"schema":{{Schema}} } }
            """;
        Answer answer = await demo.Server.PostAsync("/v1/chat/completions", $"{{{fields},{format}}}");
        JsonElement choice = answer.Json.GetProperty("choices")[0];
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        string text = choice.GetProperty("message").GetProperty("content").GetString()!;
        CheckFits(text);
        Answer stream = await demo.Server.PostAsync("/v1/chat/completions", $"{{{fields},{format},\"stream\":true}}");
        var streamed = new StringBuilder();
        foreach (JsonElement part in Streams.Data(stream.Text).SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray()))
        {
            if (part.GetProperty("delta").TryGetProperty("content", out JsonElement content))
                streamed.Append(content.GetString());
        }

        Assert.Equal(text, streamed.ToString());
    }

    [Fact]
    public async Task Messages_TakeTheSchemaFromOutputConfig()
    {
        Answer answer = await demo.Server.PostAsync("/v1/messages", $$"""
            {"model":"m","max_tokens":400,{{Ask}},"output_config":{"format":{"type":"json_schema","schema":{{Schema}} } } }
            """);
        Assert.Equal("end_turn", answer.Json.GetProperty("stop_reason").GetString());
        CheckFits(answer.Json.GetProperty("content")[0].GetProperty("text").GetString()!);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public async Task JsonObject_IsAnObject(int seed)
    {
        Answer answer = await demo.Server.PostAsync("/v1/chat/completions", $$"""
            {"model":"m",{{Ask}},"temperature":1,"seed":{{seed}},"max_tokens":600,"response_format":{"type":"json_object"} }
            """);
        JsonElement choice = answer.Json.GetProperty("choices")[0];
        Assert.StartsWith("{", choice.GetProperty("message").GetProperty("content").GetString()!.TrimStart(), StringComparison.Ordinal);
        if (choice.GetProperty("finish_reason").GetString() == "stop")
            JsonDocument.Parse(choice.GetProperty("message").GetProperty("content").GetString()!).Dispose();
    }

    [Fact]
    public async Task OtherAnswersBesideIt_AreTheirOwn()
    {
        string plain = $"{{\"model\":\"m\",{Ask},\"temperature\":0,\"max_tokens\":60}}";
        string held = $$"""
            {"model":"m",{{Ask}},"temperature":2,"seed":3,"max_tokens":200,
             "response_format":{"type":"json_schema","json_schema":{"schema":{{Schema}} } } }
            """;
        string alone = await TextAsync(plain);
        Task<string>[] beside = [TextAsync(plain), TextAsync(held), TextAsync(plain), TextAsync(held)];
        string[] texts = await Task.WhenAll(beside);
        Assert.Equal([alone, alone], [texts[0], texts[2]]);
        Assert.Equal(texts[1], texts[3]);
        CheckFits(texts[1]);
    }

    [Theory]
    [InlineData("""{"type":"text"}""", "'text'")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "nowhere")]
    public async Task ASchemaThatCannotBeKept_Is400_AndSaysWhy(string schema, string why)
    {
        Answer answer = await demo.Server.PostAsync("/v1/chat/completions", $$"""
            {"model":"m",{{Ask}},"response_format":{"type":"json_schema","json_schema":{"schema":{{schema}} } } }
            """);
        Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
        Assert.Contains(why, answer.Json.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    private async Task<string> TextAsync(string body) =>
        (await demo.Server.PostAsync("/v1/chat/completions", body)).Json.GetProperty("choices")[0]
        .GetProperty("message").GetProperty("content").GetString()!;

    private static void CheckFits(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement root = document.RootElement;
        string[] known = ["title", "isNew", "rating", "tags"];
        Assert.All(root.EnumerateObject(), member => Assert.Contains(member.Name, known));
        Assert.InRange(root.GetProperty("title").GetString()!.EnumerateRunes().Count(), 0, 24);
        Assert.True(root.GetProperty("isNew").ValueKind is JsonValueKind.True or JsonValueKind.False);
        Assert.InRange(root.GetProperty("tags").GetArrayLength(), 0, 3);
        Assert.All(root.GetProperty("tags").EnumerateArray(), tag => Assert.InRange(tag.GetString()!.Length, 0, 12));
    }
}
