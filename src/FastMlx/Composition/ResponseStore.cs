namespace FastMlx.Composition;

/// <summary>
/// The last responses, in memory: bounded in number and bytes, the oldest are forgotten first. Any thread.
/// </summary>
internal sealed class ResponseStore(
    int countMax = ResponseStore.CountDefault, long bytesMax = ResponseStore.BytesDefault)
{
    public const int CountDefault = 512;
    public const long BytesDefault = 128L << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, StoredResponse> _responses = [];
    private readonly Queue<string> _age = new();
    private long _bytes;

    public void Add(StoredResponse response)
    {
        lock (_lock)
        {
            _responses.Add(response.Id, response);
            _age.Enqueue(response.Id);
            _bytes += response.Bytes;
            while ((_responses.Count > countMax || _bytes > bytesMax) && _age.TryDequeue(out string? oldest))
                Drop(oldest);
        }
    }

    public StoredResponse? Find(string id)
    {
        lock (_lock)
            return _responses.GetValueOrDefault(id);
    }

    public bool Remove(string id)
    {
        lock (_lock)
            return Drop(id);
    }

    private bool Drop(string id)
    {
        if (!_responses.Remove(id, out StoredResponse? response))
            return false;
        _bytes -= response.Bytes;
        return true;
    }
}
