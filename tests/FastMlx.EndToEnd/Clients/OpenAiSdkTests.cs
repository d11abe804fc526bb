using System.ClientModel;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Models;
using Xunit;

namespace FastMlx.EndToEnd.Clients;

/// <summary>The official OpenAI SDK from NuGet.</summary>
public sealed class OpenAiSdkTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly OpenAIClient _client = new(
        new ApiKeyCredential("k"), new OpenAIClientOptions { Endpoint = new Uri(fixture.Server.Url + "/v1") });

    [Fact]
    public async Task Create()
    {
        ChatCompletion chat = await _client.GetChatClient("m").CompleteChatAsync(Ask("Hello."));
        Assert.Equal("Hello.", chat.Content[0].Text);
        Assert.Equal(ChatFinishReason.Stop, chat.FinishReason);
    }

    [Fact]
    public async Task Stream()
    {
        string all = "";
        int output = 0;
        await foreach (StreamingChatCompletionUpdate update in _client.GetChatClient("m").CompleteChatStreamingAsync(Ask("Hello you.")))
        {
            all += string.Concat(update.ContentUpdate.Select(c => c.Text));
            output += update.Usage?.OutputTokenCount ?? 0;
        }

        Assert.Equal("Hello you.", all);
        Assert.True(output > 0);
    }

    [Fact]
    public async Task Tools()
    {
        var options = new ChatCompletionOptions();
        options.Tools.Add(ChatTool.CreateFunctionTool(
            "get_weather", "Weather", BinaryData.FromString("""{"type":"object","properties":{"city":{"type":"string"}}}""")));
        ChatCompletion chat = await _client.GetChatClient("m").CompleteChatAsync(
            [ChatMessage.CreateUserMessage(SayScript.Say(SayScript.Call("get_weather", """{"city": "Oslo"}""")))], options);
        Assert.Equal(ChatFinishReason.ToolCalls, chat.FinishReason);
        Assert.Contains("Oslo", chat.ToolCalls[0].FunctionArguments.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models()
    {
        OpenAIModelCollection models = await _client.GetOpenAIModelClient().GetModelsAsync();
        Assert.NotEmpty(models);
    }

    [Fact]
    public async Task Errors()
    {
        ClientResultException error = await Assert.ThrowsAsync<ClientResultException>(
            () => _client.GetEmbeddingClient("m").GenerateEmbeddingAsync("x"));
        Assert.Equal(400, error.Status);
        Assert.Contains("no embeddings", error.Message, StringComparison.Ordinal);
    }

    private static ChatMessage[] Ask(string answer) => [ChatMessage.CreateUserMessage(SayScript.Say(answer))];
}
