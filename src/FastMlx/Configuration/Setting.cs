namespace FastMlx.Configuration;

/// <summary>One row of the configuration table: how a value is named, what it means and how it is read.</summary>
/// <param name="Name">The environment variable.</param>
/// <param name="Flag">The command line's word, or "" where there is none.</param>
/// <param name="Default">What holds where nothing is set, as text; "" is none.</param>
/// <param name="Allowed">Completes "… must be".</param>
/// <param name="Meaning">One line for --help and the README.</param>
/// <param name="Apply">Returns the options with the value set, or null where the value is not allowed.</param>
/// <param name="IsRepeatable">The flag may be given several times; its values are joined with commas.</param>
internal sealed record Setting(
    string Name,
    string Flag,
    string Default,
    string Allowed,
    string Meaning,
    Func<ServerOptions, string, ServerOptions?> Apply,
    bool IsRepeatable = false)
{
    public bool IsSwitch => Allowed == Settings.TrueOrFalse;
}
