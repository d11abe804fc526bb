namespace FastMlx.Http;

/// <summary>
/// Gives the body of an error that this room answers by itself. The path is empty where the request line was not
/// readable. Called on any thread; must not throw.
/// </summary>
public delegate HttpErrorBody ErrorFormatter(string path, int status, string reason);
