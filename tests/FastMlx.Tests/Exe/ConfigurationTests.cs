using FastMlx.Configuration;
using Xunit;

namespace FastMlx.Tests.Exe;

public sealed class ConfigurationTests
{
    private static ServerOptions Load(string file = "", Dictionary<string, string>? environment = null, params (string Flag, string Value)[] flags) =>
        ServerOptionsLoader.Load(
            DotEnv.Parse(file),
            name => environment?.GetValueOrDefault(name),
            setting => flags.FirstOrDefault(f => f.Flag == setting.Flag).Value);

    [Fact]
    public void Defaults_AreTheTable()
    {
        ServerOptions options = Load();
        Assert.Equal("0.0.0.0", options.Host);
        Assert.Equal(8000, options.Port);
        Assert.Null(options.ModelName);
        Assert.Equal("claude-4-sonnet-20250514", options.ApiModelName);
        Assert.False(options.TrustRemoteCode);
        Assert.Null(options.EosToken);
        Assert.Equal(4096, options.DefaultMaxTokens);
        Assert.Null(options.DefaultTemperature);
        Assert.False(options.Verbose);
    }

    [Fact]
    public void Environment_WinsOverDotEnv_AndFlagsOverBoth()
    {
        Assert.Equal(1, Load("PORT=1").Port);
        Assert.Equal(2, Load("PORT=1", new() { ["PORT"] = "2" }).Port);
        Assert.Equal(3, Load("PORT=1", new() { ["PORT"] = "2" }, ("--port", "3")).Port);
    }

    [Theory]
    [InlineData("HOST", "somewhere.example")]
    [InlineData("PORT", "65536")]
    [InlineData("PORT", "-1")]
    [InlineData("PORT", "80 80")]
    [InlineData("API_MODEL_NAME", "two words")]
    [InlineData("TRUST_REMOTE_CODE", "maybe")]
    [InlineData("DEFAULT_MAX_TOKENS", "0")]
    [InlineData("DEFAULT_TEMPERATURE", "2.5")]
    [InlineData("DEFAULT_TEMPERATURE", "NaN")]
    [InlineData("DEFAULT_TOP_P", "0")]
    [InlineData("VERBOSE", "2")]
    [InlineData("BACKEND", "gpu")]
    [InlineData("DISK_CACHE_SIZE", "many")]
    public void WrongValue_NamesTheVariableTheValueAndWhatIsAllowed(string name, string value)
    {
        var error = Assert.Throws<OptionsException>(() => Load("", new() { [name] = value }));
        Setting setting = Settings.All.Single(s => s.Name == name);
        Assert.Equal($"{name} is '{value}' but must be {setting.Allowed}.", error.Message);
    }

    [Fact]
    public void DotEnv_ReadsQuotesCommentsAndExport()
    {
        Dictionary<string, string> values = DotEnv.Parse(
            "# comment\n\nexport A=1\nB = \"two words\" # note\nC='#x'\nD=a#b # c\nE=\r\n");
        Assert.Equal("1", values["A"]);
        Assert.Equal("two words", values["B"]);
        Assert.Equal("#x", values["C"]);
        Assert.Equal("a#b", values["D"]);
        Assert.Equal("", values["E"]);
        Assert.Throws<OptionsException>(() => DotEnv.Parse("nonsense"));
        Assert.Throws<OptionsException>(() => DotEnv.Parse("A='open"));
    }

    [Theory]
    [InlineData("4GB", 4L << 30)]
    [InlineData("1.5 G", 3L << 29)]
    [InlineData("512mb", 512L << 20)]
    [InlineData("100", 100)]
    public void Sizes_HaveUnits(string text, long bytes) =>
        Assert.Equal(bytes, Load("", new() { ["DISK_CACHE_SIZE"] = text }).DiskCacheBytes);

    [Fact]
    public void EnvExample_HasEachSettingOnce_AndIsAccepted()
    {
        string text = File.ReadAllText(Path.Combine(Repository.Root, ".env.example"));
        Dictionary<string, string> values = DotEnv.Parse(text);
        Assert.Equal(Settings.All.Select(s => s.Name).Order(), values.Keys.Order());
        ServerOptions options = Load(text);
        Assert.Equal("mlx-community/GLM-4.5-Air-3bit", options.ModelName);
        Assert.Equal(8000, options.Port);
    }

    [Fact]
    public void Secrets_AreNotShownInMessages()
    {
        var error = Assert.Throws<OptionsException>(() => Load("", new() { ["API_KEY"] = "a b" }));
        Assert.DoesNotContain("a b", error.Message);
    }
}
