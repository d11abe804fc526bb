using System.Net;
using FastMlx.EndToEnd.Host;
using FastMlx.EndToEnd.Scripted;
using Xunit;

namespace FastMlx.EndToEnd.Contract;

/// <summary>Several API keys: each has conversations of its own in the cache.</summary>
public sealed class KeyTests
{
    [Theory]
    [InlineData("/v1/messages")]
    [InlineData("/v1/chat/completions")]
    public async Task Keys_ShareNoState_AndOneKeyDoes(string path)
    {
        await using TestServer server = await TestServer.ScriptedAsync(
            SayScript.Answer, o => o with { ApiKey = "one", MoreApiKeys = ["two"] });
        string text = string.Concat(Enumerable.Repeat("A shared beginning. ", 60));
        string body = path == "/v1/messages" ? Bodies.Messages(text) : Bodies.Chat(text);
        async Task<int> ReusedAsync(params (string, string)[] key)
        {
            Answer answer = await server.PostAsync(path, body, key);
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            return int.Parse(answer.Header("fastmlx-reused-tokens")!, null);
        }

        Assert.Equal(0, await ReusedAsync(("x-api-key", "one")));
        Assert.Equal(0, await ReusedAsync(("authorization", "Bearer two")));
        Assert.Equal(0, await ReusedAsync());
        Assert.True(await ReusedAsync(("authorization", "Bearer one")) > 100);
        Assert.True(await ReusedAsync(("x-api-key", "two")) > 100);
        // A key that is none of ours is none, on this machine.
        Assert.True(await ReusedAsync(("x-api-key", "three")) > 100);
    }
}
