using System.CommandLine;
using System.Net.Sockets;
using FastMlx.Composition;
using FastMlx.Configuration;
using FastMlx.Engine;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>Runs a verb and turns what may go wrong into one sentence on standard error and an exit code.</summary>
internal static class VerbGuard
{
    public static async Task<int> RunAsync(ParseResult result, Func<Task<int>> verb)
    {
        try
        {
            return await verb();
        }
        catch (Exception e) when (CodeOf(e) is { } code)
        {
            string message = code == ExitCode.Cancelled ? "Interrupted." : e.Message;
            await result.InvocationConfiguration.Error.WriteLineAsync("fastmlx: " + message);
            return code;
        }
    }

    /// <summary>The exit code for what is expected to go wrong; null for our own faults.</summary>
    public static int? CodeOf(Exception e) => e switch
    {
        CliException c => c.ExitCode,
        OptionsException => ExitCode.Usage,
        OperationCanceledException => ExitCode.Cancelled,
        HttpRequestException => ExitCode.Network,
        SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse } => ExitCode.Busy,
        HubException h => ExitCode.Of(h.Kind),
        ModelFileException { Kind: ModelFileProblem.Missing } => ExitCode.NotFound,
        ModelFileException => ExitCode.Damaged,
        LoadException or ModelException or IOException or InvalidDataException or UnauthorizedAccessException
            => ExitCode.Failure,
        _ => null,
    };
}
