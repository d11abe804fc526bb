using System.Text;
using System.Text.Json;
using FastMlx.Api;
using FastMlx.Chat;
using Xunit;

namespace FastMlx.Tests.Api;

/// <summary>The 28 requests that were recorded from the real CLI.</summary>
public sealed class FixtureTests
{
    [Fact]
    public void EveryFixture_IsRead_WithNoUnknownField()
    {
        string[] files = Directory.GetFiles(ApiFiles.Shared("claude-code", "fixtures"), "*.json");
        var unknown = new UnknownFields();
        foreach (string file in files)
        {
            var options = new ReaderOptions { Unknown = unknown };
            MessagesRequest request = Read(file, options);
            Assert.NotEmpty(request.Chat.Messages);
            Assert.DoesNotContain(
                request.Chat.Messages.SelectMany(message => message.Parts).OfType<TextPart>(),
                part => part.Text.Contains("x-anthropic-billing-header", StringComparison.Ordinal));
        }
        Assert.True(files.Length >= 28, $"{files.Length} fixtures");
        Assert.Empty(unknown.Counts);
    }

    [Theory]
    [InlineData("tool-loop-1", "tool-loop-2", "tool-loop-3", "tool-loop-4", "tool-loop-5")]
    [InlineData("tool-reference", "tool-reference-later")]
    public void EachTurn_ExtendsTheOneBefore(params string[] turns)
    {
        string last = "";
        foreach (string turn in turns)
        {
            string path = ApiFiles.Shared("claude-code", "fixtures", turn + ".json");
            string dump = ChatDump.Of(Read(path, ReaderOptions.Default).Chat);
            Assert.StartsWith(last, dump, StringComparison.Ordinal);
            last = dump;
        }
    }

    private static MessagesRequest Read(string file, ReaderOptions options)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        byte[] body = Encoding.UTF8.GetBytes(document.RootElement.GetProperty("body").GetRawText());
        bool isCount = document.RootElement.GetProperty("url").GetString()!.Contains("count_tokens", StringComparison.Ordinal);
        MessagesRequest? request;
        bool ok = isCount
            ? MessagesReader.TryReadCount(body, options, out request, out ApiError? error)
            : MessagesReader.TryRead(body, options, out request, out error);
        Assert.True(ok, Path.GetFileName(file) + ": " + error?.Message);
        return request!;
    }
}
