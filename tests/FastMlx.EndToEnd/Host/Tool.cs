using System.Diagnostics;

namespace FastMlx.EndToEnd.Host;

/// <summary>Runs other programs: node, npm, the Claude Code CLI.</summary>
internal static class Tool
{
    /// <summary>Output and errors together, and the exit code; -1 where the program is not there or takes too long.</summary>
    public static async Task<(int Code, string Output)> RunAsync(
        string program,
        IEnumerable<string> arguments,
        string folder,
        TimeSpan limit,
        params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            Task<string> errors = process.StandardError.ReadToEndAsync();
            Task exit = process.WaitForExitAsync();
            if (await Task.WhenAny(exit, Task.Delay(limit)) != exit)
            {
                process.Kill(entireProcessTree: true);
                return (-1, "no end within " + limit);
            }

            return (process.ExitCode, await output + await errors);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (-1, e.Message);
        }
    }
}
