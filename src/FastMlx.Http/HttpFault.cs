namespace FastMlx.Http;

/// <summary>What a peer did wrong, as a value; status 0 means nothing.</summary>
internal readonly record struct HttpFault(int Status, string Reason)
{
    public bool Any => Status != 0;

    public static HttpFault Bad(string reason) => new(400, reason);
}
