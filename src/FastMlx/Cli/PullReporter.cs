using System.Globalization;
using FastMlx.Hub;

namespace FastMlx.Cli;

/// <summary>
/// Shows a download: one line that is drawn over on a terminal, else a line at each tenth. Written to standard error,
/// so that standard output holds the result alone.
/// </summary>
internal sealed class PullReporter(TextWriter output, bool isTerminal, int columns) : IProgress<PullProgress>
{
    private const int BarWidth = 24;
    private int _tenth = -1;
    private int _drawn;

    public void Report(PullProgress value)
    {
        double done = value.TotalBytes > 0 ? (double)value.Bytes / value.TotalBytes : 1;
        if (isTerminal)
            Draw(value, Math.Clamp(done, 0, 1));
        else if ((int)(done * 10) != _tenth)
        {
            _tenth = (int)(done * 10);
            output.WriteLine(Numbers(value, done));
        }
    }

    /// <summary>Leaves the line, so that what follows begins on its own.</summary>
    public void End()
    {
        if (_drawn > 0)
            output.WriteLine();
        _drawn = 0;
    }

    private void Draw(PullProgress value, double done)
    {
        int filled = (int)(done * BarWidth);
        string line = $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {Numbers(value, done)}";
        line = line.Length < columns ? line : line[..Math.Max(0, columns - 1)];
        output.Write('\r' + line.PadRight(_drawn));
        output.Flush();
        _drawn = line.Length;
    }

    private static string Numbers(PullProgress value, double done)
    {
        string percent = (done * 100).ToString("0", CultureInfo.InvariantCulture);
        string text = $"{percent,3} % of {ByteText.Of(value.TotalBytes)}, file {value.Files} of {value.TotalFiles}";
        if (value.BytesPerSecond < 1)
            return text;
        var left = TimeSpan.FromSeconds(Math.Min(1e6, (value.TotalBytes - value.Bytes) / value.BytesPerSecond));
        return $"{text}, {ByteText.Of((long)value.BytesPerSecond)}/s, {Left(left)}";
    }

    private static string Left(TimeSpan left) => left.TotalMinutes < 2
        ? $"{(int)left.TotalSeconds} s left" : left.TotalHours < 2
        ? $"{(int)left.TotalMinutes} min left" : $"{(int)left.TotalHours} h left";
}
