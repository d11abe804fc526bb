namespace FastMlx.Hub;

/// <summary>Counts failures in a row and waits longer after each. One user.</summary>
internal sealed class Backoff(DownloadSettings settings, Uri endpoint)
{
    private static readonly TimeSpan ServerWaitMax = TimeSpan.FromMinutes(1);
    private int _failures;

    /// <summary>A byte arrived: what failed before does not count any more.</summary>
    public void Reset() => _failures = 0;

    /// <summary>Waits before the next try, or throws where enough was tried.</summary>
    public Task WaitAsync(TransientException failure, int attemptsMax, CancellationToken cancellationToken)
    {
        if (++_failures >= attemptsMax)
            throw new HubException(HubProblem.Network,
                $"{endpoint.Host} cannot be reached or keeps failing: {failure.Message} Check the connection and run "
                + "the same command again; it resumes where it stopped.", failure);
        TimeSpan wait = settings.FirstBackoff * Math.Pow(2, _failures - 1);
        if (wait > settings.BackoffMax)
            wait = settings.BackoffMax;
        if (failure.RetryAfter is { } asked && asked > wait)
            wait = asked < ServerWaitMax ? asked : ServerWaitMax;
        return Task.Delay(wait, settings.Time, cancellationToken);
    }
}
