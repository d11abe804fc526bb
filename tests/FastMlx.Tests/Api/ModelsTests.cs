using System.Text.Json;
using FastMlx.Api;
using Xunit;

namespace FastMlx.Tests.Api;

public sealed class ModelsTests
{
    private static readonly List<ModelEntry> Models = [.. Enumerable.Range(0, 7).Select(i => Entry($"org/model-{i}"))];

    [Fact]
    public void List_IsRightInBothApis()
    {
        using JsonDocument list = List("");
        JsonElement root = list.RootElement;
        Assert.Equal("list", root.GetProperty("object").GetString());
        Assert.False(root.GetProperty("has_more").GetBoolean());
        Assert.Equal("org/model-0", root.GetProperty("first_id").GetString());
        Assert.Equal("org/model-6", root.GetProperty("last_id").GetString());
        JsonElement model = root.GetProperty("data")[0];
        foreach (string name in (string[])["id", "type", "display_name", "created_at", "max_input_tokens", "max_tokens", "capabilities", "object",
            "created", "owned_by"])
            Assert.True(model.TryGetProperty(name, out _), name);
        Assert.Equal("2026-02-04T00:00:00Z", model.GetProperty("created_at").GetString());
        Assert.True(model.GetProperty("capabilities").GetProperty("thinking").GetProperty("types").GetProperty("adaptive").GetProperty("supported")
            .GetBoolean());
    }

    [Fact]
    public void EmptyList_HasNullIds()
    {
        using var list = JsonDocument.Parse(ApiBodies.Text(output => ModelsBody.WriteList(output, [], new ModelPage(20, null, null))));
        Assert.Equal(JsonValueKind.Null, list.RootElement.GetProperty("first_id").ValueKind);
        Assert.Equal(JsonValueKind.Null, list.RootElement.GetProperty("last_id").ValueKind);
    }

    [Theory]
    [InlineData("limit=3", "0,1,2", true)]
    [InlineData("limit=3&after_id=org%2Fmodel-2", "3,4,5", true)]
    [InlineData("limit=3&after_id=org/model-5", "6", false)]
    [InlineData("limit=2&before_id=org/model-3", "1,2", true)]
    [InlineData("limit=9&before_id=org/model-3", "0,1,2", false)]
    [InlineData("after_id=org/model-6", "", false)]
    [InlineData("limit=1000", "0,1,2,3,4,5,6", false)]
    [InlineData("limit=1000&junk&x=1", "0,1,2,3,4,5,6", false)]
    public void Pages_AreCutAsTheQuerySays(string query, string expected, bool hasMore)
    {
        using JsonDocument list = List(query);
        string ids = string.Join(',', list.RootElement.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("id").GetString()![^1]));
        Assert.Equal(expected, ids);
        Assert.Equal(hasMore, list.RootElement.GetProperty("has_more").GetBoolean());
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=1001")]
    [InlineData("limit=x")]
    [InlineData("limit=-1")]
    public void BadLimits_AreRefused(string query) => Assert.False(ModelPage.TryRead(query, out _, out _));

    [Theory]
    [InlineData("mlx-community/Qwen3-27B-4bit", "local-claude/Qwen3-27B-4bit")]
    [InlineData("my-claude-model", "my-claude-model")]
    public void Alias_PassesTheDiscoveryFilterAndIsNoRealName(string id, string alias)
    {
        Assert.Equal(alias, ModelEntry.AliasOf(id));
        Assert.Matches("(?i)claude|anthropic", ModelEntry.AliasOf(id));
        Assert.DoesNotMatch("^claude-", ModelEntry.AliasOf(id));
    }

    private static JsonDocument List(string query)
    {
        Assert.True(ModelPage.TryRead(query, out ModelPage page, out ApiError? error), error?.Message);
        return JsonDocument.Parse(ApiBodies.Text(output => ModelsBody.WriteList(output, Models, page)));
    }

    private static ModelEntry Entry(string id) => new()
    {
        Id = id,
        DisplayName = id,
        CreatedAt = new DateTimeOffset(2026, 2, 4, 0, 0, 0, TimeSpan.Zero),
        ContextTokens = 32768,
        OutputTokens = 8192,
        CanThink = true,
    };
}
