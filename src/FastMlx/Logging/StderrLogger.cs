using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace FastMlx.Logging;

/// <summary>
/// Log lines to standard error, as text or JSON lines. A bounded queue and one writer: a slow terminal costs lines,
/// never a request. Control characters are escaped, so that one entry is one line whatever a client sent.
/// Any thread; <see cref="DisposeAsync"/> writes what is queued.
/// </summary>
internal sealed class StderrLogger : ILogger, IAsyncDisposable
{
    private const int Capacity = 4096;
    private readonly bool _json;
    private readonly LogLevel _least;
    private readonly TimeProvider _time;
    private readonly Channel<string> _lines = Channel.CreateBounded<string>(
        new BoundedChannelOptions(Capacity) { SingleReader = true, FullMode = BoundedChannelFullMode.DropWrite });

    private readonly Task _writer;

    public StderrLogger(bool json, LogLevel least, TimeProvider time, TextWriter output)
    {
        _json = json;
        _least = least;
        _time = time;
        _writer = WriteAllAsync(output);
    }

    public bool IsEnabled(LogLevel logLevel) => logLevel >= _least && logLevel != LogLevel.None;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        string message = formatter(state, exception);
        if (exception is not null)
            message += $": {exception.GetType().Name}: {exception.Message}";
        _lines.Writer.TryWrite(_json ? JsonLine(logLevel, eventId, message) : TextLine(logLevel, message));
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writer;
    }

    private async Task WriteAllAsync(TextWriter output)
    {
        await foreach (string line in _lines.Reader.ReadAllAsync())
            await output.WriteLineAsync(line);
        await output.FlushAsync();
    }

    private string TextLine(LogLevel level, string message)
    {
        var line = new StringBuilder(message.Length + 24);
        line.Append($"{_time.GetLocalNow():HH:mm:ss.fff} ");
        if (level != LogLevel.Information)
            line.Append(Short(level)).Append(' ');
        foreach (char c in message)
        {
            if (char.IsControl(c))
                line.Append($"\\u{(int)c:x4}");
            else
                line.Append(c);
        }

        return line.ToString();
    }

    private string JsonLine(LogLevel level, EventId id, string message)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("time"u8, _time.GetUtcNow());
            json.WriteString("level"u8, Short(level));
            if (id.Name is not null)
                json.WriteString("event"u8, id.Name);
            json.WriteString("message"u8, message);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string Short(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warning",
        LogLevel.Error => "error",
        _ => "critical",
    };
}
