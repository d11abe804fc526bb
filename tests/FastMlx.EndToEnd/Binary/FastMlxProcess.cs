using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace FastMlx.EndToEnd.Binary;

/// <summary>The program itself, as a shell would start it, with a home of its own and no settings of the machine.</summary>
internal sealed partial class FastMlxProcess : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly TaskCompletionSource<string> _url = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _reading;

    private FastMlxProcess(Process process)
    {
        _process = process;
        _reading = ReadErrorsAsync();
    }

    public string Errors
    {
        get
        {
            lock (_errors)
                return _errors.ToString();
        }
    }

    public int Id => _process.Id;

    /// <summary>Where `serve` listens; fails where it ends before.</summary>
    public Task<string> UrlAsync() => _url.Task.WaitAsync(Limit);

    public static FastMlxProcess Start(string home, string[] arguments, params (string Name, string Value)[] environment)
    {
        string program = Path.Combine(AppContext.BaseDirectory, OperatingSystem.IsWindows() ? "fastmlx.exe" : "fastmlx");
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = home,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
        };
        foreach (string name in (string[])["API_KEY", "MODEL_NAME", "PORT", "HOST", "NOTIFY_SOCKET", "ANTHROPIC_BASE_URL"])
            start.Environment.Remove(name);
        start.Environment["FASTMLX_HOME"] = home;
        start.Environment["HF_HOME"] = Path.Combine(home, "hf");
        start.Environment["HOME"] = home;
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return new FastMlxProcess(Process.Start(start)!);
    }

    /// <summary>Runs a verb to its end.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(
        string home, string[] arguments, params (string Name, string Value)[] environment)
    {
        await using FastMlxProcess process = Start(home, arguments, environment);
        process._process.StandardInput.Close();
        string output = await process._process.StandardOutput.ReadToEndAsync().WaitAsync(Limit);
        int code = await process.EndAsync();
        return (code, output, process.Errors);
    }

    public void Signal(string name)
    {
        using Process kill = Process.Start(
            "kill", ["-" + name, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Its exit code, when it has ended.</summary>
    public async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Limit);
        await _reading;
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task ReadErrorsAsync()
    {
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            lock (_errors)
                _errors.AppendLine(line);
            if (Listening().Match(line) is { Success: true } match)
                _url.TrySetResult(match.Groups[1].Value);
        }

        _url.TrySetException(new InvalidOperationException("It ended before it listened: " + Errors));
    }

    [GeneratedRegex(@"Listening on (http://\S+)")]
    private static partial Regex Listening();
}
