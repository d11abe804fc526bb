using System.CommandLine;
using FastMlx.Cli;
using FastMlx.Configuration;
using Xunit;

namespace FastMlx.Tests.Cli;

public sealed class OptionFlagsTests
{
    [Theory]
    [InlineData("--port 8731", 8731, false, null, 0)]
    [InlineData("--port=8731 --verbose", 8731, true, null, 0)]
    [InlineData("--verbose false --model a", 8000, false, "a", 0)]
    [InlineData("--model a --model b --alias haiku=b", 8000, false, "a", 1)]
    [InlineData("--model a,b --model c --port 1 --strict", 1, false, "a", 2)]
    public void Flags_BecomeOptions(string line, int port, bool verbose, string? model, int further)
    {
        (Command command, OptionFlags flags) = Create();
        ParseResult parsed = command.Parse(line);
        Assert.Empty(parsed.Errors);
        ServerOptions options = flags.Load(parsed);
        Assert.Equal(port, options.Port);
        Assert.Equal(verbose, options.Verbose);
        Assert.Equal(model, options.ModelName);
        Assert.Equal(further, options.FurtherModels.Count);
    }

    [Fact]
    public void EveryFlag_TakesAValue()
    {
        (Command command, _) = Create();
        foreach (Setting setting in Settings.All.Where(s => s.Flag.Length > 0))
            Assert.Empty(command.Parse([setting.Flag, "1"]).Errors);
    }

    [Fact]
    public void Repeated_IsForListsOnly()
    {
        (Command command, OptionFlags flags) = Create();
        Assert.NotEmpty(command.Parse("--port 1 --port 2").Errors);
        Assert.NotEmpty(command.Parse("--model").Errors);
        ParseResult parsed = command.Parse("--model a --model b");
        Assert.Equal([("--model", "a,b")], flags.GivenFlags(parsed));
    }

    [Theory]
    [InlineData("haiku")]
    [InlineData("=b")]
    [InlineData("haiku=")]
    [InlineData("two words=b")]
    public void AliasThatIsNoPair_IsRefused(string alias)
    {
        (Command command, OptionFlags flags) = Create();
        OptionsException error = Assert.Throws<OptionsException>(() => flags.Load(command.Parse(["--alias", alias])));
        Assert.StartsWith("--alias is '", error.Message, StringComparison.Ordinal);
    }

    private static (Command Command, OptionFlags Flags) Create()
    {
        var command = new Command("x");
        return (command, new OptionFlags(command));
    }
}
