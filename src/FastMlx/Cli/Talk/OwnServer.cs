using System.Diagnostics;

namespace FastMlx.Cli.Talk;

/// <summary>
/// A `serve` of our own, as a child process: it ends when its standard input closes, so it cannot outlive us, however
/// we end. Its log goes to a writer until it listens, then into a file.
/// </summary>
internal sealed class OwnServer : IAsyncDisposable
{
    private const int LastWordsMost = 12;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(40);
    private readonly Process _process;
    private readonly string _logPath;
    private readonly Queue<string> _lastWords = new();
    private TextWriter? _progress;
    private StreamWriter? _log;

    private OwnServer(Process process, string logPath, TextWriter progress)
    {
        _process = process;
        _logPath = logPath;
        _progress = progress;
        _process.ErrorDataReceived += (_, e) => Take(e.Data);
    }

    public string BaseUrl { get; private set; } = "";

    public string LogPath => _logPath;

    public static async Task<OwnServer> StartAsync(
        IReadOnlyList<string> arguments, string homeDirectory, TextWriter progress, CancellationToken cancellation)
    {
        string logPath = Path.Combine(homeDirectory, "logs", "launched-server.log");
        Directory.CreateDirectory(Path.GetDirectoryName(logPath)!);
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Under `dotnet fastmlx.dll` the process is dotnet.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
            start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "fastmlx.dll"));
        start.ArgumentList.Add("serve");
        start.ArgumentList.Add(Attachment.Flag);
        foreach (string argument in arguments)
            start.ArgumentList.Add(argument);

        var server = new OwnServer(new Process { StartInfo = start }, logPath, progress);
        try
        {
            await server.ListenAsync(cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using Process process = _process;
        try
        {
            process.StandardInput.Close();
            using var limit = new CancellationTokenSource(Patience);
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It was never started.
        }

        lock (_lastWords)
        {
            _log?.Dispose();
            _log = null;
        }
    }

    private async Task ListenAsync(CancellationToken cancellation)
    {
        _process.Start();
        _process.BeginErrorReadLine();
        // One line when it listens, or the end of the stream when it gave up.
        string? url = await _process.StandardOutput.ReadLineAsync(cancellation);
        if (url is null)
        {
            await _process.WaitForExitAsync(cancellation);
            throw new CliException(
                _process.ExitCode == 0 ? ExitCode.Failure : _process.ExitCode,
                "The server did not start; its last words are above.");
        }

        BaseUrl = url;
        lock (_lastWords)
        {
            _progress = null;
            _log = OpenLog();
        }
    }

    private StreamWriter OpenLog()
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite,
        };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var log = new StreamWriter(_logPath, options) { AutoFlush = true };
        foreach (string line in _lastWords)
            log.WriteLine(line);
        return log;
    }

    private void Take(string? line)
    {
        if (line is null)
            return;
        lock (_lastWords)
        {
            _progress?.WriteLine("  " + line);
            _log?.WriteLine(line);
            if (_log is null)
            {
                _lastWords.Enqueue(line);
                if (_lastWords.Count > LastWordsMost)
                    _lastWords.Dequeue();
            }
        }
    }
}
