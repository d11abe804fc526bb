namespace FastMlx.Configuration;

/// <summary>What the shell or the service manager gave the process beside its settings.</summary>
internal sealed record Surroundings
{
    /// <summary>The folders of PATH.</summary>
    public IReadOnlyList<string> SearchPath { get; init; } = [];

    public string UserHome { get; init; } = "";

    /// <summary>Where systemd wants to hear that the server is ready; null elsewhere.</summary>
    public string? NotifySocket { get; init; }

    /// <summary>NO_COLOR is set (no-color.org).</summary>
    public bool IsColourless { get; init; }
}
