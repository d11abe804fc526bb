using System.CommandLine;
using FastMlx.Configuration;

namespace FastMlx.Cli;

/// <summary>
/// The configuration table as command-line flags; a flag's value goes through the same checks as a variable's.
/// </summary>
internal sealed class OptionFlags
{
    private readonly Dictionary<Setting, Option<string>> _options = [];

    public OptionFlags(Command command)
    {
        foreach (Setting setting in Settings.All.Where(s => s.Flag.Length > 0))
        {
            var option = new Option<string>(setting.Flag)
            {
                Description = $"{setting.Meaning} [{setting.Name}]",
                HelpName = setting.IsSwitch ? "true|false" : "value",
                Arity = setting.IsSwitch ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
            };
            _options.Add(setting, option);
            command.Options.Add(option);
        }
    }

    /// <exception cref="OptionsException">A wrong value, wherever it came from.</exception>
    public ServerOptions Load(ParseResult parsed) => ServerOptionsLoader.Load(setting => Given(parsed, setting));

    private string? Given(ParseResult parsed, Setting setting)
    {
        if (!_options.TryGetValue(setting, out Option<string>? option) || parsed.GetResult(option) is null)
            return null;
        // A switch without a value is switched on.
        return parsed.GetValue(option) ?? (setting.IsSwitch ? "true" : "");
    }
}
