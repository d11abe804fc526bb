namespace FastMlx.Hub;

/// <summary>Adds up the bytes of parallel downloads and reports them at a bearable rate. Any thread.</summary>
internal sealed class PullMeter(IProgress<PullProgress>? progress, long totalBytes, int totalFiles, TimeProvider time)
{
    private const double ReportSeconds = 0.1;
    private const double RateSeconds = 5;

    private readonly Lock _lock = new();
    private readonly Queue<(long Time, long Received)> _samples = new();
    private long _bytes;
    private long _received;
    private int _files;
    private long _lastReport;

    /// <summary>Bytes that were here before, or (negative) that turned out to be worthless.</summary>
    public void AddPresent(long bytes)
    {
        lock (_lock)
            _bytes += bytes;
    }

    public void AddReceived(long bytes, string file)
    {
        lock (_lock)
        {
            _bytes += bytes;
            _received += bytes;
            if (time.GetElapsedTime(_lastReport).TotalSeconds >= ReportSeconds)
                Report(file);
        }
    }

    public void FileDone(string file)
    {
        lock (_lock)
        {
            _files++;
            Report(file);
        }
    }

    private void Report(string file)
    {
        _lastReport = time.GetTimestamp();
        _samples.Enqueue((_lastReport, _received));
        while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().Time, _lastReport).TotalSeconds > RateSeconds)
            _samples.Dequeue();
        (long since, long before) = _samples.Peek();
        double seconds = time.GetElapsedTime(since, _lastReport).TotalSeconds;
        double rate = seconds > 0 ? (_received - before) / seconds : 0;
        progress?.Report(new PullProgress(_bytes, totalBytes, _files, totalFiles, rate, file));
    }
}
