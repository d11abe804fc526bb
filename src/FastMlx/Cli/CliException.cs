namespace FastMlx.Cli;

/// <summary>A verb cannot go on: one sentence that says what to do, and the exit code.</summary>
internal sealed class CliException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
