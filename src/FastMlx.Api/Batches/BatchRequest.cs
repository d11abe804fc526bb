namespace FastMlx.Api;

/// <summary>
/// One request of a batch. <paramref name="Params"/> is the body of a message as the client wrote it: read it with
/// <see cref="MessagesReader"/> when its turn comes, an error there is this request's result.
/// </summary>
public sealed record BatchRequest(string CustomId, ReadOnlyMemory<byte> Params);
