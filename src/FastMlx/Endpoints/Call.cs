using System.Buffers;
using FastMlx.Api;
using FastMlx.Composition;
using FastMlx.Http;

namespace FastMlx.Endpoints;

/// <summary>One request at the endpoints: the exchange, who answers, and how errors look on this route.</summary>
internal sealed class Call(HttpExchange exchange, Server server, string requestId, string path, bool isOpenAi)
{
    private const string Json = "application/json";

    public HttpExchange Exchange { get; } = exchange;

    public Server Server { get; } = server;

    public string RequestId { get; } = requestId;

    /// <summary>Without a repeated /v1 and without a trailing slash.</summary>
    public string Path { get; } = path;

    /// <summary>Errors have OpenAI's envelope; else Anthropic's.</summary>
    public bool IsOpenAi { get; } = isOpenAi;

    /// <summary>Whose request it is: state of another partition is not shared with it.</summary>
    public ulong Partition { get; init; }

    /// <summary>What follows a route's prefix, such as the id in /v1/models/{id}.</summary>
    public string Tail { get; init; } = "";

    /// <summary>A status is on its way: an error can no longer be answered.</summary>
    public bool HasResponded { get; private set; }

    public ValueTask RespondAsync(int status, ReadOnlyMemory<byte> json)
    {
        HasResponded = true;
        return Exchange.RespondAsync(status, Json, json);
    }

    /// <summary>Answers with an event stream, which ends where <paramref name="write"/> returns.</summary>
    public async Task StreamAsync(Func<EventStream, Task> write)
    {
        HasResponded = true;
        await using EventStream stream = await Exchange.BeginEventsAsync();
        try
        {
            await write(stream);
        }
        catch
        {
            // Before the stream is disposed, which would end it as if it were whole.
            Exchange.Abort();
            throw;
        }
    }

    public async ValueTask RespondAsync(int status, Action<IBufferWriter<byte>> write)
    {
        var body = new ArrayBufferWriter<byte>(512);
        write(body);
        await RespondAsync(status, body.WrittenMemory);
    }

    public ValueTask FailAsync(ApiError error)
    {
        foreach ((string name, string value) in ErrorHeaders.Of(error))
            Exchange.SetHeader(name, value);
        return RespondAsync(error.Status, output => WriteError(output, error));
    }

    private void WriteError(IBufferWriter<byte> output, ApiError error)
    {
        if (IsOpenAi)
            ErrorBody.WriteOpenAi(output, error);
        else
            ErrorBody.WriteAnthropic(output, error, RequestId);
    }
}
