namespace FastMlx.Claude;

/// <summary>
/// Variables as commands of a shell, to be evaluated. A value is only ever a value, whatever it holds.
/// </summary>
internal static class ShellText
{
    public static readonly string[] Shells = ["sh", "fish", "powershell"];

    public static string Of(string shell, IReadOnlyList<(string Name, string Value)> variables)
    {
        IEnumerable<string> set = variables.Select(v => Set(shell, v.Name, v.Value));
        IEnumerable<string> unset = ClaudeSettings.Unwanted.Select(name => Unset(shell, name));
        return string.Concat(unset.Concat(set).Select(line => line + "\n"));
    }

    private static string Set(string shell, string name, string value) => shell switch
    {
        "fish" => $"set -gx {name} '{value.Replace("\\", "\\\\").Replace("'", "\\'")}'",
        "powershell" => $"$env:{name} = '{string.Concat(value.Select(Doubled))}'",
        _ => $"export {name}='{value.Replace("'", "'\\''")}'",
    };

    /// <summary>PowerShell ends a string at typographic quotes too.</summary>
    private static string Doubled(char c) =>
        "'\u2018\u2019\u201a\u201b".Contains(c, StringComparison.Ordinal) ? $"{c}{c}" : $"{c}";

    private static string Unset(string shell, string name) => shell switch
    {
        "fish" => $"set -e {name}",
        "powershell" => $"Remove-Item Env:{name} -ErrorAction SilentlyContinue",
        _ => $"unset {name}",
    };
}
