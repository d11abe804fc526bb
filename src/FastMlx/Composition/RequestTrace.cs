using System.Text;
using FastMlx.Chat;
using FastMlx.Composition.Models;
using FastMlx.Http;

namespace FastMlx.Composition;

/// <summary>
/// One request on disk, where TRACE_DIR is set: the prompt as the model sees it, what the cache gave, the model's own
/// text and what the client was sent. Only this user may read it. One answer, one task; a disk that fails ends the
/// trace, never the answer.
/// </summary>
internal sealed class RequestTrace : IDisposable
{
    private const UnixFileMode FolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode FileModeOfOne = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly Server _server;
    private readonly string _requestId;
    private readonly ModelText _text;
    private readonly string _folder;
    private FileStream? _events;
    private bool _hasFailed;

    private RequestTrace(Server server, string requestId, ModelText text, string folder)
    {
        _server = server;
        _requestId = requestId;
        _text = text;
        _folder = folder;
    }

    /// <summary>Null where nothing is traced.</summary>
    /// <param name="server">Its options, clock and log.</param>
    /// <param name="requestId">Names the folder, behind the time.</param>
    /// <param name="text">Turns tokens into text.</param>
    /// <param name="prompt">What the model is given.</param>
    public static RequestTrace? Begin(Server server, string requestId, ModelText text, ChatPrompt prompt)
    {
        if (server.Options.TraceDirectory is not { } parent)
            return null;
        string name = $"{server.Time.GetUtcNow():yyyyMMdd-HHmmss}-{requestId}";
        var trace = new RequestTrace(server, requestId, text, Path.Combine(parent, name));
        trace.Try(() => trace.WritePrompt(prompt.Tokens));
        return trace;
    }

    /// <summary>The stream, whose bytes are kept as they are sent.</summary>
    public EventStream Over(EventStream stream)
    {
        Try(() => _events = Create("events.sse"));
        return _events is null ? stream : new TracedStream(stream, bytes => Try(() => _events.Write(bytes.Span)));
    }

    /// <summary>An answer that was sent whole; nothing where it failed.</summary>
    public void KeepBody(ReadOnlyMemory<byte> body)
    {
        if (body.Length > 0)
            Try(() => Write("answer.json", body.Span));
    }

    public void End(AnswerJob job, AnswerOutcome outcome, AnswerMemory memory)
    {
        int[] sampled = memory.Sampled.ToArray();
        Try(() =>
        {
            Write("raw.txt", Text(sampled));
            Write("raw-tokens.json", Numbers(sampled));
            Write("cache.txt", RequestReport.Line(_requestId, job, outcome) + "\n");
        });
    }

    public void Dispose() => Try(() => _events?.Dispose());

    private void WritePrompt(int[] tokens)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(_folder);
        else
            Directory.CreateDirectory(_folder, FolderMode);
        Write("prompt.txt", Text(tokens));
        Write("prompt-tokens.json", Numbers(tokens));
    }

    private string Text(int[] tokens) => _text.Tokenizer.Tokenizer.Decode(tokens, skipSpecial: false);

    private static string Numbers(int[] tokens) => $"[{string.Join(',', tokens)}]\n";

    private void Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    private void Write(string name, ReadOnlySpan<byte> content)
    {
        using FileStream file = Create(name);
        file.Write(content);
    }

    private FileStream Create(string name)
    {
        // Unbuffered: an event is on disk before it is sent, also where the server ends in the middle of an answer.
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = FileModeOfOne;
        return new FileStream(Path.Combine(_folder, name), options);
    }

    private void Try(Action write)
    {
        if (_hasFailed)
            return;
        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _hasFailed = true;
            ServerLog.Warn(_server.Log, $"{_requestId} is not traced: {e.Message}");
        }
    }
}
