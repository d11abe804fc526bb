using Anthropic;
using Anthropic.Exceptions;
using Anthropic.Models.Messages;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Clients;

/// <summary>The official Anthropic SDK from NuGet.</summary>
public sealed class AnthropicSdkTests(ScriptedServer fixture) : IClassFixture<ScriptedServer>
{
    private readonly AnthropicClient _client = new()
    {
        BaseUrl = fixture.Server.Url,
        ApiKey = "k",
        MaxRetries = 0,
        Timeout = TimeSpan.FromSeconds(60),
    };

    [Fact]
    public async Task Create()
    {
        Message message = await _client.Messages.Create(Ask("Hello."), TestContext.Current.CancellationToken);
        Assert.True(message.Content[0].TryPickText(out TextBlock? text));
        Assert.Equal("Hello.", text.Text);
        Assert.True(message.Usage.OutputTokens > 0);
    }

    [Fact]
    public async Task Stream()
    {
        string all = "";
        await foreach (RawMessageStreamEvent item in _client.Messages.CreateStreaming(Ask("Hello you."), TestContext.Current.CancellationToken))
        {
            if (item.TryPickContentBlockDelta(out RawContentBlockDeltaEvent? delta) && delta.Delta.TryPickText(out TextDelta? text))
                all += text.Text;
        }

        Assert.Equal("Hello you.", all);
    }

    [Fact]
    public async Task Count()
    {
        MessageTokensCount count = await _client.Messages.CountTokens(
            new MessageCountTokensParams { Model = "m", Messages = [new UserMessageParam { Content = "hi" }] },
            TestContext.Current.CancellationToken);
        Assert.True(count.InputTokens > 0);
    }

    [Fact]
    public async Task Models()
    {
        var page = await _client.Models.List(cancellationToken: TestContext.Current.CancellationToken);
        Assert.NotEmpty(page.Items);
    }

    [Fact]
    public async Task Errors() => await Assert.ThrowsAsync<AnthropicBadRequestException>(() => _client.Messages.Create(
        new MessageCreateParams { Model = "m", MaxTokens = 5, Messages = [] }, TestContext.Current.CancellationToken));

    private static MessageCreateParams Ask(string answer) => new()
    {
        Model = "m",
        MaxTokens = 100,
        Messages = [new UserMessageParam { Content = SayScript.Say(answer) }],
    };
}
