using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>What the process says to the shell. Part of the interface: listed in each verb's help.</summary>
internal static class ExitCode
{
    public const int Success = 0;
    public const int Failure = 1;

    /// <summary>The command line, the environment or .env is wrong.</summary>
    public const int Usage = 2;
    public const int NotFound = 3;
    public const int Network = 4;
    public const int Damaged = 5;
    public const int DiskFull = 6;
    public const int Busy = 7;
    public const int Cancelled = 130;

    public const string Text = "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 network, 5 damaged files, "
        + "6 disk full, 7 in use, 130 interrupted.";

    public static int Of(HubProblem kind) => kind switch
    {
        HubProblem.BadName => Usage,
        HubProblem.NotInCache or HubProblem.NotFound or HubProblem.Incomplete or HubProblem.NotMlx => NotFound,
        HubProblem.Network or HubProblem.Offline or HubProblem.Protocol or HubProblem.NotAllowed => Network,
        HubProblem.WrongHash or HubProblem.Hostile => Damaged,
        HubProblem.DiskFull => DiskFull,
        HubProblem.Busy => Busy,
        _ => Failure,
    };
}
