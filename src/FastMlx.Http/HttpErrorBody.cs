namespace FastMlx.Http;

/// <summary>An error's body and the headers that go with it, such as a request id.</summary>
public readonly record struct HttpErrorBody(
    string ContentType, ReadOnlyMemory<byte> Body, IReadOnlyList<KeyValuePair<string, string>>? Headers = null);
