using System.CommandLine;
using FastMlx.Configuration;

namespace FastMlx.Cli;

/// <summary>
/// The configuration table as command-line flags; a flag's value goes through the same checks as a variable's.
/// </summary>
internal sealed class OptionFlags
{
    private readonly Dictionary<Setting, Option> _options = [];

    /// <param name="command">Gets the flags.</param>
    /// <param name="only">These flags; none: all.</param>
    public OptionFlags(Command command, params string[] only)
    {
        bool IsWanted(Setting s) => s.Flag.Length > 0 && (only.Length == 0 || only.Contains(s.Flag));
        foreach (Setting setting in Settings.All.Where(IsWanted))
        {
            Option option = setting.IsRepeatable
                ? new Option<string[]>(setting.Flag) { Arity = ArgumentArity.OneOrMore }
                : new Option<string>(setting.Flag)
                {
                    Arity = setting.IsSwitch ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
                };
            option.Description = $"{setting.Meaning} [{setting.Name}]";
            option.HelpName = setting.IsSwitch ? "true|false" : "value";
            _options.Add(setting, option);
            command.Options.Add(option);
        }
    }

    /// <exception cref="OptionsException">A wrong value, wherever it came from.</exception>
    public ServerOptions Load(ParseResult parsed) => ServerOptionsLoader.Load(setting => Given(parsed, setting));

    public bool IsGiven(ParseResult parsed, string flag) =>
        _options.Any(o => o.Key.Flag == flag && parsed.GetResult(o.Value) is not null);

    /// <summary>The flags as they were given, for another process of this program.</summary>
    public IReadOnlyList<(string Flag, string Value)> GivenFlags(ParseResult parsed) =>
        [.. _options.Keys.Select(s => (s.Flag, Value: Given(parsed, s))).Where(f => f.Value is not null)
            .Select(f => (f.Flag, f.Value!))];

    private string? Given(ParseResult parsed, Setting setting)
    {
        if (!_options.TryGetValue(setting, out Option? option) || parsed.GetResult(option) is null)
            return null;
        if (option is Option<string[]> many)
            return string.Join(',', parsed.GetValue(many) ?? []);
        // A switch without a value is switched on.
        return parsed.GetValue((Option<string>)option) ?? (setting.IsSwitch ? "true" : "");
    }
}
