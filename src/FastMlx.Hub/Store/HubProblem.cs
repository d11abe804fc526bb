namespace FastMlx.Hub;

/// <summary>Why a model could not be found or downloaded.</summary>
public enum HubProblem
{
    BadName,
    NotInCache,
    Incomplete,
    Offline,
    NotFound,
    NotAllowed,
    NotMlx,
    Hostile,
    Protocol,
    Network,
    WrongHash,
    DiskFull,
    Busy,
    UnsafeFolder,
    Disk,
}
