namespace FastMlx.Http;

/// <summary>The peer broke a rule of the protocol or a limit; the connection answers with this and closes.</summary>
public sealed class HttpRejection(int status, string reason) : Exception(reason)
{
    public int Status { get; } = status;
}
