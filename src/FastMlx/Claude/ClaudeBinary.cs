using FastMlx.Configuration;

namespace FastMlx.Claude;

/// <summary>Finds the Claude Code program.</summary>
internal static class ClaudeBinary
{
    public const string HowToInstall =
        "Install Claude Code with: npm install -g @anthropic-ai/claude-code   (or see https://code.claude.com/docs), "
        + "or name it: --claude PATH";

    private static readonly string[] Names = OperatingSystem.IsWindows() ? ["claude.exe", "claude.cmd"] : ["claude"];

    /// <summary>The path, or null: on PATH first, then where its own installers put it.</summary>
    public static string? Find(Surroundings surroundings)
    {
        IEnumerable<string> folders = surroundings.SearchPath
            .Append(Path.Combine(surroundings.UserHome, ".local", "bin"))
            .Append(Path.Combine(surroundings.UserHome, ".claude", "local"));
        return folders.SelectMany(folder => Names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(IsExecutable);
    }

    public static bool IsExecutable(string path)
    {
        const UnixFileMode Any = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        return File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & Any) != 0);
    }
}
