using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FastMlx.Claude;

/// <summary>Runs Claude Code on this terminal and waits for its end.</summary>
internal static class ClaudeProcess
{
    /// <summary>Its exit code; 128 and more where a signal ended it.</summary>
    public static async Task<int> RunAsync(
        string path, IEnumerable<string> arguments, IReadOnlyList<(string Name, string Value)> variables)
    {
        var start = new ProcessStartInfo(path) { UseShellExecute = false };
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);
        foreach (string name in ClaudeSettings.Unwanted)
            start.Environment.Remove(name);
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;

        using Process process = new() { StartInfo = start };
        // Ctrl+C reaches it through the terminal; we must live on to stop the server and pass its exit code.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static c => c.Cancel = true);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, c =>
        {
            c.Cancel = true;
            Terminate(process);
        });
        process.Start();
        await process.WaitForExitAsync();
        return process.ExitCode;
    }

    private static void Terminate(Process process)
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has not started yet, or is gone: nothing to end.
        }
    }
}
