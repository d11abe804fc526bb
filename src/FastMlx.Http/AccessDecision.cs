namespace FastMlx.Http;

/// <summary>Allowed (status 0), or the status and reason to answer with before the request is routed.</summary>
public readonly record struct AccessDecision(int Status, string Reason)
{
    public bool Allowed => Status == 0;

    public static AccessDecision Allow => default;
}
