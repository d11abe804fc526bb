namespace FastMlx.Cli.Talk;

/// <summary>Who answers on an address.</summary>
internal enum ServerPresence
{
    Nobody,

    /// <summary>Something that is no FastMlx, or does not answer in time.</summary>
    Stranger,

    /// <summary>FastMlx, which cannot serve at the moment.</summary>
    Unready,
    Ready,
}
